"""One training of a stack: its own state, run and random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from seedbed.build import Training
from seedbed.result import Result
from seedbed.rundir import RunDir
from seedbed.seeding import capture_rng, restore_rng
from seedbed.session import Session
from seedbed.state import TrainState


@dataclass
class Member:
    """A training that is made together with others.

    ``rng`` is what the global generators would hold, were it alone in its process; ``generator`` is the torch one of
    these while the stack steps.
    """

    training: Training
    run: RunDir
    rng: dict[str, Any] = field(default_factory=capture_rng)
    generator: torch.Generator = field(default_factory=torch.Generator)
    session: Session | None = None
    result: Result | None = None

    def __post_init__(self) -> None:
        """Let the generator begin where the global one is."""
        self.generator.set_state(self.rng["torch"])

    @property
    def state(self) -> TrainState:
        """What its training changes."""
        return self.training.job.state

    @property
    def its_session(self) -> Session:
        """The session, once it is open."""
        assert self.session is not None, f"the session of {self.run.path} is not open"
        return self.session

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, the global generators are this member's, as in a process of its own."""
        restore_rng({**self.rng, "torch": self.generator.get_state()})
        try:
            yield
        finally:
            self.rng = capture_rng()
            self.generator.set_state(self.rng["torch"])
