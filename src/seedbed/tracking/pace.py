"""How fast a run goes: when to show something next, and when it will be done."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]


class Pace:
    """Lets something happen every ``interval`` seconds, and rarer if it is slow, so that it costs at most 2 %.

    Args:
        interval: Seconds between two showings, at least.
        clock: Seconds that only go forward.
    """

    SHARE = 0.02

    def __init__(self, interval: float, clock: Clock = time.perf_counter) -> None:
        self.interval = interval
        self.clock = clock
        self.due = 0.0
        self.samples = 0
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, int] | None = None
        self._speed: float | None = None

    @property
    def begun(self) -> bool:
        """Whether ``begin`` was called."""
        return self._first is not None

    def shown(self, began: float) -> None:
        """Say that a showing that began at ``began`` is done."""
        now = self.clock()
        self.due = now + max(self.interval, (now - began) / self.SHARE)

    def begin(self, step: int) -> None:
        """Start counting: throughput and time to go are measured from here."""
        now = self.clock()
        self._first, self._last = (now, step), (now, self.samples)
        self.due = now + self.interval

    def pause(self) -> None:
        """Leave out the time until the next showing, in which there was an evaluation."""
        self._last = None

    def throughput(self) -> float | None:
        """Samples per second since the last call, smoothed; None while that is unknown."""
        now, last = self.clock(), self._last
        self._last = (now, self.samples)
        if last is None or now <= last[0]:
            return self._speed
        speed = (self.samples - last[1]) / (now - last[0])
        self._speed = speed if self._speed is None else 0.7 * self._speed + 0.3 * speed
        return self._speed

    def remaining(self, step: int, total_steps: int | None) -> float | None:
        """Seconds to go, from the updates made since ``begin``; None where that is unknown."""
        if self._first is None or total_steps is None:
            return None
        began, start = self._first
        if step <= start:
            return None
        return (total_steps - step) * (self.clock() - began) / (step - start)
