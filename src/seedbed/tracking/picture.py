"""A picture of the terminal from a run's log: ``python -m seedbed.tracking.picture RUN/events.jsonl terminal.svg``."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from seedbed.errors import DataError, SeedbedError
from seedbed.rundir import decode_number, read_events
from seedbed.tracking.terminal import Terminal

FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def draw(events: Iterable[Mapping[str, Any]], title: str = "seedbed", width: int = 100) -> str:
    """What the terminal showed during a run, as SVG.

    Args:
        events: The run's events.
        title: In the window's title bar; the command.
        width: Columns.
    """
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, highlight=False)
    terminal = Terminal(console=console, live=False)
    total_steps: int | None = None
    step: Mapping[str, Any] | None = None
    for event in events:
        kind = event.get("event")
        if kind == "start":
            total_steps = event.get("total_steps")
        elif kind == "step":
            step = event
        elif kind == "end" and step is not None:
            console.print(_last_bar(terminal, {**step, "step": event.get("step", step["step"])}, total_steps))
        terminal.write(event)
    # the picture must not fetch a font from elsewhere
    return FONT_FACE.sub("", console.export_svg(title=title))


def _last_bar(terminal: Terminal, step: Mapping[str, Any], total_steps: int | None) -> Any:
    return terminal.bar(
        step=int(step["step"]),
        total_steps=total_steps,
        epoch=int(step.get("epoch", 1)),
        loss=decode_number(step["loss"]),
        lr=float(step["lr"]),
        speed=float(step["samples_per_second"]) if "samples_per_second" in step else None,
        remaining=None,
    )


def main(arguments: list[str]) -> int:
    """Write the picture; the third argument is its title."""
    if len(arguments) not in (2, 3):
        print("usage: python -m seedbed.tracking.picture EVENTS_OR_RUN OUT.svg [TITLE]", file=sys.stderr)
        return 2
    source = Path(arguments[0])
    source = source / "events.jsonl" if source.is_dir() else source
    try:
        if not source.is_file():
            raise DataError(f"{source} does not exist; give a run folder or its events.jsonl")
        svg = draw(read_events(source), arguments[2] if len(arguments) == 3 else "seedbed")
    except SeedbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    Path(arguments[1]).write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
