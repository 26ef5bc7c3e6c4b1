"""The live console: a progress bar, one line per epoch above it, and a table of results. The only user of rich."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from seedbed.tracking.lines import columns, duration, event_line, number, rate, results, start_line, start_notes
from seedbed.tracking.pace import Clock, Pace
from seedbed.tracking.tracker import Tracker

if TYPE_CHECKING:
    from seedbed.state import StepRecord

KEPT = ("epoch", "loss", "time")
STYLES = {"signal": "yellow", "finding": "yellow", "non_finite": "red", "note": "dim", "resume": "cyan"}


class Terminal(Tracker):
    """Shows a run to a person on a terminal, at most ten times a second and for at most 2 % of the time.

    Lines wait for the next refresh, so that a thousand short epochs don't draw a thousand times.

    Args:
        stream: Where to draw.
        console: A rich console to draw on instead.
        live: Whether there is a moving bar; without it only lines are printed.
        interval: Seconds between two refreshes.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        console: Console | None = None,
        live: bool = True,
        interval: float = 0.1,
        clock: Clock = time.perf_counter,
    ) -> None:
        self.console = console or Console(file=stream, highlight=False, soft_wrap=False)
        self.pace = Pace(interval, clock)
        self.epochs: int | None = None
        self.names: list[str] = []
        self._wants_live = live
        self._live: Live | None = None
        self._waiting: list[RenderableType] = []
        self._bar: RenderableType = Text("")

    def write(self, event: Mapping[str, Any]) -> None:
        """Show the event, if it is one for people."""
        kind = str(event.get("event"))
        self.epochs = event.get("epochs", self.epochs)
        if kind == "start":
            self._say(Text(start_line(event), style="bold"), now=True)
            for note in start_notes(event):
                self._say(Text(note, style="dim"), now=True)
            self._start()
        elif kind == "epoch":
            self._epoch(event)
        elif kind == "end":
            self._end(event)
        else:
            sentence = event_line(event)
            if sentence:
                self._say(Text(sentence, style=STYLES.get(kind, "")), now=True)
            if kind == "resume":
                self._start()

    def tick(self, record: StepRecord, total_steps: int | None) -> None:
        """Draw the bar, if it is time to; only then is the loss read from the device."""
        pace = self.pace
        pace.samples += record.num_samples
        began = pace.clock()
        if began < pace.due:
            return
        if not pace.begun:
            pace.begin(record.step)
        self._bar = self.bar(
            step=record.step,
            total_steps=total_steps,
            epoch=record.epoch + 1,
            loss=float(record.loss),
            lr=record.learning_rate,
            speed=pace.throughput(),
            remaining=pace.remaining(record.step, total_steps),
        )
        self._refresh()
        pace.shown(began)

    def bar(
        self,
        *,
        step: int,
        total_steps: int | None,
        epoch: int,
        loss: float,
        lr: float,
        speed: float | None,
        remaining: float | None,
    ) -> RenderableType:
        """The line of progress."""
        grid = Table.grid(padding=(0, 1))
        of = f"/{self.epochs}" if self.epochs else ""
        counted = f"{step:,}/{total_steps:,}" if total_steps else f"step {step:,}"
        cells: list[RenderableType] = [
            Text(f"epoch {epoch}{of}", style="bold"),
            ProgressBar(total=total_steps, completed=step, width=24, pulse=total_steps is None),
            Text(counted),
            Text(f"loss {number(loss)}", style="green" if loss == loss else "red"),
            Text(f"rate {rate(lr)}", style="dim"),
        ]
        if speed is not None:
            cells.append(Text(f"{speed:,.0f} samples/s", style="dim"))
        if remaining is not None:
            cells.append(Text(f"{duration(remaining)} to go", style="cyan"))
        for _ in cells:
            grid.add_column(no_wrap=True, overflow="crop")
        grid.add_row(*cells)
        return grid

    def close(self) -> None:
        """Print what waits and give the terminal back."""
        self._stop()

    def _epoch(self, event: Mapping[str, Any]) -> None:
        cells = columns(event)
        if self.epochs:
            cells["epoch"] += f"/{self.epochs}"
        fitting = fit(list(cells), self.console.width - len("  best"))
        if not self.names or any(name not in self.names for name in fitting):
            self.names = fitting
            self._waiting.append(
                Text("  ".join(name.rjust(width(name)) for name in fitting), style="dim", no_wrap=True)
            )
        line = Text("  ".join(cells.get(name, "").rjust(width(name)) for name in self.names), no_wrap=True)
        if event.get("best"):
            line.append("  best", style="green")
        self._say(line, now=self.pace.clock() >= self.pace.due)
        self.pace.pause(event.get("samples_per_second"))

    def _end(self, event: Mapping[str, Any]) -> None:
        self._stop()
        table = results(event)
        if table.rows:
            grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
            grid.add_column("")
            for split in table.splits:
                grid.add_column(split, justify="right")
            for row in table.rows:
                grid.add_row(*(Text(cell, style="bold" if i else "") for i, cell in enumerate(row)))
            self.console.print(Text(""))
            self.console.print(grid)
        for sentence in table.sentences:
            self.console.print(Text(sentence, overflow="fold"))

    def _say(self, line: RenderableType, *, now: bool) -> None:
        self._waiting.append(line)
        if now or self._live is None:
            began = self.pace.clock()
            self._refresh()
            if self.pace.begun:
                self.pace.shown(began)

    def _refresh(self) -> None:
        if self._waiting:
            lines, self._waiting = self._waiting, []
            for line in lines:
                self.console.print(line)
        if self._live is not None:
            self._live.update(self._bar, refresh=True)

    def _start(self) -> None:
        if self._live is None and self._wants_live:
            # what is printed elsewhere goes above the bar, but only where it would land on the same terminal
            self._live = Live(
                self._bar,
                console=self.console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),
                redirect_stderr=sys.stderr.isatty(),
            )
            self._live.start()

    def _stop(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()
        self._refresh()


def width(name: str) -> int:
    """Width of an epoch line's column."""
    return max(len(name), 9 if name == "samples/s" else 7)


def fit(names: list[str], room: int) -> list[str]:
    """The columns that fit; the last metrics go first, then samples/s and the rate."""
    names = list(names)
    order = [n for n in names if n not in (*KEPT, "rate", "samples/s")][::-1]
    # the most important metric goes last
    candidates = [*order[:-1], "samples/s", "rate", *order[-1:]]
    while sum(width(name) + 2 for name in names) - 2 > room and candidates:
        drop = candidates.pop(0)
        if drop in names:
            names.remove(drop)
    return names
