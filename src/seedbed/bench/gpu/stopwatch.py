"""A clock for trainers that run themselves: it is told of every update and looks at two of them."""

from __future__ import annotations

import time

import torch

from seedbed.errors import TrainingError


class Stopwatch:
    """The time between the update ``warm`` and the update ``warm + steps``, when the device has done them both."""

    def __init__(self, warm: int, steps: int, device: torch.device) -> None:
        self.warm, self.steps, self.device = warm, steps, device
        self.count = 0
        self.began: float | None = None
        self.ended: float | None = None

    @property
    def total(self) -> int:
        """Updates to make: one more than are looked at, so that the end of the run is not among them."""
        return self.warm + self.steps + 1

    def now(self) -> float:
        """The time, when everything that was launched is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def tick(self) -> None:
        """An update was made, or launched."""
        self.count += 1
        if self.count == self.warm:
            self.began = self.now()
        elif self.count == self.warm + self.steps:
            self.ended = self.now()

    def seconds_per_step(self) -> float:
        """What one update took.

        Raises:
            TrainingError: Fewer updates were made.
        """
        if self.began is None or self.ended is None:
            raise TrainingError(f"only {self.count} of {self.total} updates were made")
        return (self.ended - self.began) / self.steps
