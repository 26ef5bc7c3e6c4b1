"""Events as JSON lines: NaN and infinities are the strings "NaN", "Infinity" and "-Infinity"."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedbed.rundir import EventLog
from seedbed.tracking.tracker import Tracker


class JsonLines(Tracker):
    """Appends every event to a file; a torn last line of an earlier run is cut off first.

    Args:
        path: The file, ``events.jsonl`` in a run folder.
    """

    def __init__(self, path: Path) -> None:
        self.log = EventLog(path)

    def write(self, event: Mapping[str, Any]) -> None:
        """Append the event; at ends of epochs and of the run hand it to the system."""
        self.log.append(event)
        if event.get("event") != "step":
            self.log.flush()

    def close(self) -> None:
        """Make everything durable and close the file."""
        self.log.sync()
        self.log.close()
