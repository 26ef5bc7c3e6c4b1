"""Requests to stop: SIGTERM, SIGINT, a time limit, a stop file. Asked between steps and batches, never acted on inside.

The first SIGINT asks for a save and a clean end; the second one ends the process at once.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self


class StopRequested(Exception):  # noqa: N818 - not an error: a wish
    """Raised by ``Stopper.check`` to leave a long pass (an evaluation) early."""


class Stopper:
    """Collects requests to stop while it is entered.

    Args:
        stop_file: Stop when this file appears (looked for once a second); it is removed when seen.
        time_limit: Seconds from now after which to stop.
    """

    def __init__(self, stop_file: Path | None = None, time_limit: float | None = None) -> None:
        self.reason: str | None = None
        self._stop_file = stop_file
        self._deadline = None if time_limit is None else time.monotonic() + time_limit
        self._next_look = 0.0
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.reason is not None and number == signal.SIGINT:
            os._exit(130)
        self.reason = signal.Signals(number).name

    def requested(self) -> bool:
        """Whether to stop; cheap enough to ask at every step."""
        if self.reason is not None:
            return True
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self.reason = "time limit"
        elif now >= self._next_look:
            self._next_look = now + 1.0
            if self._stop_file is not None and self._stop_file.exists():
                self._stop_file.unlink(missing_ok=True)
                self.reason = "stop file"
        return self.reason is not None

    def check_signal(self) -> None:
        """Raise ``StopRequested`` if a signal came: for before the first update, where nothing can be saved."""
        if self.reason is not None:
            raise StopRequested(self.reason)

    def check(self) -> None:
        """Raise ``StopRequested`` if a stop was asked for."""
        if self.requested():
            raise StopRequested(self.reason)
