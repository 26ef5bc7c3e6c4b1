"""The console in a notebook: one block under the cell that updates in place."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seedbed.errors import require
from seedbed.tracking.lines import (
    columns,
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

MOST_EPOCHS = 50


class Block:
    """What the cell shows: HTML, and plain text for who can't show that."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text


class Notebook(Tracker):
    """Shows a run under a notebook's cell, at most twice a second.

    Args:
        interval: Seconds between two updates of the block.
        clock: Seconds that only go forward.
    """

    def __init__(self, interval: float = 0.5, clock: Clock = time.perf_counter) -> None:
        self._display = require("IPython.display", "dev", "progress in a notebook").display
        self._handle: Any = None
        self.pace = Pace(interval, clock)
        self.epochs: int | None = None
        self._title = ""
        self._events: list[Mapping[str, Any]] = []
        self._sentences: list[str] = []
        self._progress: tuple[int, int | None, str] | None = None
        self._end: Mapping[str, Any] | None = None

    def write(self, event: Mapping[str, Any]) -> None:
        """Take the event into the block, if it is one for people."""
        kind = event.get("event")
        self.epochs = event.get("epochs", self.epochs)
        if kind == "start":
            self._title = start_line(event)
            self._sentences += start_notes(event)
        elif kind == "epoch":
            self._events.append(event)
            self.pace.pause(event.get("samples_per_second"))
        elif kind == "end":
            self._end, self._progress = event, None
        else:
            sentence = event_line(event)
            if not sentence:
                return
            self._sentences.append(sentence)
        if kind != "epoch" or self.pace.clock() >= self.pace.due:
            self._show()

    def tick(self, record: StepRecord, total_steps: int | None) -> None:
        """Update the block, if it is time to; only then is the loss read from the device."""
        pace = self.pace
        pace.samples += record.num_samples
        began = pace.clock()
        if began < pace.due:
            return
        if not pace.begun:
            pace.begin(record.step)
        of = f"/{self.epochs}" if self.epochs else ""
        parts = [f"epoch {record.epoch + 1}{of}", f"loss {number(float(record.loss))}"]
        parts += [f"rate {rate(record.learning_rate)}"]
        speed, remaining = pace.throughput(), pace.remaining(record.step, total_steps)
        parts += [f"{speed:,.0f} samples/s"] if speed is not None else []
        parts += [f"{duration(remaining)} to go"] if remaining is not None else []
        self._progress = (record.step, total_steps, ", ".join(parts))
        self._show()
        pace.shown(began)

    def close(self) -> None:
        """Show the last state."""
        self._progress = None
        if self._handle is not None:
            self._show()

    def _show(self) -> None:
        block = Block(self.markup(), self.text())
        if self._handle is None:
            self._handle = self._display(block, display_id=True)
        else:
            self._handle.update(block)

    def markup(self) -> str:
        """The block as HTML."""
        parts = [f"<b>{html.escape(self._title)}</b>"] if self._title else []
        if self._progress is not None:
            step, total, text = self._progress
            value = f' value="{step}" max="{total}"' if total else ""
            parts.append(f"<div><progress{value}></progress> {step:,}{f'/{total:,}' if total else ''} {text}</div>")
        if self._events:
            rows = [{**columns(event), "": "best" if event.get("best") else ""} for event in self._events]
            names = list(dict.fromkeys(name for row in rows for name in row))
            left_out = len(rows) - MOST_EPOCHS
            if left_out > 0:
                parts.append(f"<div>{left_out} earlier epochs are not shown</div>")
            parts.append(_html_table(names, [[row.get(name, "") for name in names] for row in rows[-MOST_EPOCHS:]]))
        parts += [f"<div>{html.escape(sentence)}</div>" for sentence in self._sentences]
        if self._end is not None:
            table = results(self._end)
            if table.rows:
                parts.append(_html_table(["", *table.splits], table.rows))
            parts += [f"<div>{html.escape(sentence)}</div>" for sentence in table.sentences]
        return "\n".join(parts)

    def text(self) -> str:
        """The block as plain text."""
        lines = [self._title, *(epoch_line(event, self.epochs) for event in self._events), *self._sentences]
        if self._end is not None:
            table = results(self._end)
            lines += [*plain_table(table), *table.sentences]
        return "\n".join(line for line in lines if line)


def _html_table(names: Any, rows: Any) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
