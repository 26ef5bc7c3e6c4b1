"""How fast a run goes: when to show something next, and when it will be done."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]


class Pace:
    """Lets something happen every ``interval`` seconds, and rarer if it is slow, so that it costs about 2 % at most.

    Args:
        interval: Seconds between two showings, at least.
        clock: Seconds that only go forward.
    """

    SHARE = 0.02
    LONGEST = 2.0
    SHORTEST = 0.05

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
        self.due = now + max(self.interval, min((now - began) / self.SHARE, self.LONGEST))

    def begin(self, step: int) -> None:
        """Start counting: throughput and time to go are measured from here."""
        now = self.clock()
        self._first, self._last = (now, step), (now, self.samples)
        self.due = now + self.interval

    def pause(self, speed: float | None = None) -> None:
        """Leave out the time until the next showing, in which there was an evaluation.

        Args:
            speed: Samples per second in the epoch that has ended, measured by somebody else.
        """
        self._last = None
        self._speed = self._speed if speed is None else speed

    def throughput(self) -> float | None:
        """Samples per second since the last call, smoothed; None while that is unknown."""
        now, last = self.clock(), self._last
        if last is not None and (now - last[0] < self.SHORTEST or self.samples == last[1]):
            return self._speed
        self._last = (now, self.samples)
        if last is None:
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
