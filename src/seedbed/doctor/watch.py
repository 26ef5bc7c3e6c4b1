"""Watch a hand-written loop from inside Python: ``with watch(model, optimizer, loss_fn) as doctor: ...``."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from torch import nn
from torch.optim import Optimizer

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.recorder import Recorder
from seedbed.doctor.probes.judge import judge


class watch:  # noqa: N801  (it reads as a statement: with watch(...))
    """Watch a training loop and print what looks wrong when it ends; nothing that trains is changed.

    Args:
        parts: The model, the optimizer and the loss, in any order; optimizers built before the ``with`` are
            known by being named here, models and losses are seen when they are called.
        optimizer: The optimizer by keyword.
        loss_fn: The loss by keyword.
        steps: Optimizer steps that are watched closely.
        full: Watch closely to the end.
        quiet: Do not print; read ``findings`` instead.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> with watch(model, optimizer, quiet=True) as doctor:
        ...     for _ in range(3):
        ...         optimizer.zero_grad()
        ...         model(torch.ones(4, 2)).mean().backward()
        ...         optimizer.step()
        >>> doctor.findings
        []
    """

    def __init__(
        self,
        *parts: nn.Module | Optimizer | Any,
        optimizer: Optimizer | None = None,
        loss_fn: Any = None,
        steps: int = 300,
        full: bool = False,
        quiet: bool = False,
    ) -> None:
        self.recorder = Recorder(steps, full)
        self.optimizers = [thing for thing in (*parts, optimizer) if isinstance(thing, Optimizer)]
        self.loss_fn = loss_fn
        self.quiet = quiet
        self.findings: list[Finding] = []

    def __enter__(self) -> watch:
        self.recorder.install()
        for optimizer in self.optimizers:
            self.recorder.guard.run(self.recorder.ledger.optimizer_built, optimizer, None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        record = self.recorder.record
        record.finished = kind is None
        record.crashed = "" if kind is None else kind.__name__
        used = self.recorder.random.used()
        self.recorder.remove()
        self.findings = judge(self.recorder, used)
        if not self.quiet:
            for finding in self.findings:
                print(finding, file=sys.stderr)
