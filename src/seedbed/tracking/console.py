"""The console: which kind suits the place, and the plain one (a line every few seconds, no colours)."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from seedbed.errors import ConfigError
from seedbed.tracking.lines import (
    duration,
    epoch_line,
    event_line,
    number,
    plain_table,
    rate,
    results,
    start_line,
    start_notes,
)
from seedbed.tracking.pace import Clock, Pace
from seedbed.tracking.tracker import Tracker

if TYPE_CHECKING:
    from seedbed.state import StepRecord

KINDS = ("auto", "rich", "plain", "notebook", "silent", "json")


def choose_console(kind: str = "auto", stream: TextIO | None = None) -> Tracker:
    """The console for this place.

    Args:
        kind: "rich" (live progress), "plain" (lines), "notebook", "silent", "auto" (what suits: a notebook's cell, a
            terminal, or neither), or "json" (like auto, but on stderr: stdout belongs to a program).
        stream: Where to write; stdout if absent, stderr for "json".

    Raises:
        ConfigError: There is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(f"there is no console {kind!r}; choose one of {', '.join(KINDS)}")
    if kind == "silent":
        return Silent()
    if kind == "notebook" or (kind == "auto" and stream is None and in_notebook()):
        from seedbed.tracking.notebook import Notebook

        return Notebook()
    stream = stream or (sys.stderr if kind == "json" else sys.stdout)
    if kind == "rich" or (kind in ("auto", "json") and _is_terminal(stream)):
        from seedbed.tracking.terminal import Terminal

        return Terminal(stream=stream)
    return Plain(stream)


def in_notebook() -> bool:
    """Whether this runs in a Jupyter or Colab kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


class Silent(Tracker):
    """Shows nothing."""

    def write(self, event: Mapping[str, Any]) -> None:
        """Show nothing."""


class Plain(Tracker):
    """Lines of text for a file, a pipe or a batch system's log.

    Args:
        stream: Where the lines go.
        interval: Seconds between two lines of progress.
        clock: Seconds that only go forward.
    """

    def __init__(self, stream: TextIO, interval: float = 5.0, clock: Clock = time.perf_counter) -> None:
        self.stream = stream
        self.epochs: int | None = None
        self.pace = Pace(interval, clock)

    def write(self, event: Mapping[str, Any]) -> None:
        """Print the event's line, if it has one."""
        kind = event.get("event")
        self.epochs = event.get("epochs", self.epochs)
        if kind == "start":
            for line in (start_line(event), *start_notes(event)):
                self._print(line)
        elif kind == "epoch":
            self._print(epoch_line(event, self.epochs))
            self.pace.due = self.pace.clock() + self.pace.interval
            self.pace.pause(event.get("samples_per_second"))
        elif kind == "end":
            table = results(event)
            for line in (*plain_table(table), *table.sentences):
                self._print(line)
        else:
            line_or_none = event_line(event)
            if line_or_none:
                self._print(line_or_none)

    def tick(self, record: StepRecord, total_steps: int | None) -> None:
        """Print a line of progress, if it is time to."""
        pace = self.pace
        pace.samples += record.num_samples
        began = pace.clock()
        if began < pace.due:
            return
        if not pace.begun:
            pace.begin(record.step)
            return
        self._print(self._progress(record, total_steps))
        pace.shown(began)

    def _progress(self, record: StepRecord, total_steps: int | None) -> str:
        of = f"/{total_steps}" if total_steps else ""
        parts = [f"step {record.step}{of}", f"epoch {record.epoch + 1}" + (f"/{self.epochs}" if self.epochs else "")]
        parts += [f"loss {number(float(record.loss))}", f"rate {rate(record.learning_rate)}"]
        speed, remaining = self.pace.throughput(), self.pace.remaining(record.step, total_steps)
        parts += [f"{speed:,.0f} samples/s"] if speed is not None else []
        parts += [f"{duration(remaining)} to go"] if remaining is not None else []
        return "  ".join(parts)

    def _print(self, line: str) -> None:
        if not line:
            return
        try:
            self.stream.write(line + "\n")
        except UnicodeEncodeError:  # a path that this locale can't spell
            encoding = self.stream.encoding or "ascii"
            self.stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self.stream.flush()
