"""Watch a hand-written loop from inside Python: ``with watch(model, optimizer, loss_fn) as doctor: ...``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any

from torch import nn
from torch.optim import Optimizer

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.patches import unwatched
from seedbed.doctor.observe.recorder import Recorder
from seedbed.doctor.probes.judge import judge
from seedbed.errors import ConfigError


class watch:  # noqa: N801  (it reads as a statement: with watch(...))
    """Watch a training loop and say what looks wrong when it ends; nothing that trains is changed.

    When the ``with`` ends, the findings are written to standard error, or one line that says how many optimizer
    steps were watched and that nothing was found. One ``watch`` may be used for several ``with`` one after the other;
    watches that are open at the same time each report on what ran while they were open.

    Args:
        parts: The model, the optimizer and the loss, in any order, or lists of them. None of them is needed: models,
            losses and optimizers are seen when they are used inside the ``with``. An optimizer that was built before
            it is better named, as it is then known before its first step.
        model: The model by keyword.
        optimizer: The optimizer by keyword.
        loss_fn: The loss by keyword.
        steps: Optimizer steps that are watched closely.
        full: Watch closely to the end.
        quiet: Do not print; read ``findings`` instead.

    Raises:
        ConfigError: What was given is no model, optimizer or loss, ``steps`` is no number of steps, or this very
            ``watch`` is open already.

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
        *parts: Any,
        model: Any = None,
        optimizer: Any = None,
        loss_fn: Any = None,
        steps: int = 300,
        full: bool = False,
        quiet: bool = False,
    ) -> None:
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ConfigError(f"watch(steps={steps!r}) must be a whole number of optimizer steps, 1 or more")
        given = [*_checked("", parts), *_checked("model", model), *_checked("optimizer", optimizer)]
        given += _checked("loss_fn", loss_fn)
        self.optimizers = [thing for thing in given if isinstance(thing, Optimizer)]
        self.steps, self.full, self.quiet = steps, full, quiet
        self.findings: list[Finding] = []
        self._recorder: Recorder | None = None

    def __enter__(self) -> watch:
        if self._recorder is not None:
            raise ConfigError("this watch is open already; make another one with watch(...) for the inner block")
        recorder = Recorder(self.steps, self.full)
        try:
            recorder.install()
        except BaseException:
            recorder.remove()
            raise
        self._recorder, self.findings = recorder, []
        for optimizer in self.optimizers:
            recorder.guard.run(recorder.ledger.optimizer_built, optimizer, None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            raise ConfigError("this watch is not open; use it as: with watch(model, optimizer): ...")
        record = recorder.record
        record.finished = kind is None
        record.crashed = "" if kind is None else kind.__name__
        try:
            used = recorder.random.used()
        finally:
            recorder.remove()
        with unwatched():
            self.findings = [_in_cell(finding) for finding in judge(recorder, used)]
        if not self.quiet:
            lines = [_line(finding) for finding in self.findings] or [_nothing(recorder)]
            print("\n".join(lines), file=sys.stderr)


def _checked(key: str, value: Any) -> Iterator[Any]:
    """Yield the models, optimizers and losses in what was given for a parameter, ``""`` for the positional ones.

    Raises:
        ConfigError: Something else is among them.
    """
    if value is None and key:
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from _checked(key, item) if item is not None else _refused(key, item)
    elif _fits(key, value):
        yield value
    else:
        yield from _refused(key, value)


def _fits(key: str, value: Any) -> bool:
    if key == "model":
        return isinstance(value, nn.Module)
    if key == "optimizer":
        return isinstance(value, Optimizer)
    is_loss = callable(value) and not isinstance(value, type)
    return is_loss or (not key and isinstance(value, Optimizer))


_EXPECTED = {
    "": "a model (nn.Module), an optimizer (torch.optim.Optimizer), a loss (any callable) or a list of them",
    "model": "a model (nn.Module) or a list of them",
    "optimizer": "an optimizer (torch.optim.Optimizer) or a list of them",
    "loss_fn": "a loss (any callable) or a list of them",
}


def _refused(key: str, value: Any) -> Iterator[Any]:
    if isinstance(value, type):
        said = f"the class {value.__name__} itself; give an object of it, {value.__name__}(...)"
    elif inspect.isgenerator(value):
        said = "a generator, as model.parameters() is one; give the model itself"
    else:
        plain = isinstance(value, str | int | float)
        said = f"{value!r:.60} ({type(value).__name__})" if plain else f"an object of type {type(value).__name__}"
        said = "None" if value is None else said
    raise ConfigError(f"watch({f'{key}=' if key else ''}...) got {said}; expected is {_EXPECTED[key]}")


def _nothing(recorder: Recorder) -> str:
    """Say in one line what was watched, when there is no finding."""
    record = recorder.record
    count = f"seedbed watched {record.steps} optimizer step{'s' if record.steps != 1 else ''}"
    if record.steps > recorder.detail_steps and not recorder.full:
        count += f" (the first {recorder.detail_steps} closely)"
    if record.crashed:
        count += f" until the {record.crashed}"
    if record.steps:
        return f"{count}: nothing found"
    if record.num_backwards:
        return (
            f"{count}: backward() ran, but no torch.optim.Optimizer made a step inside the with-block, "
            "so that hardly anything could be judged"
        )
    return f"{count}: nothing was trained inside the with-block"


def _in_cell(finding: Finding) -> Finding:
    """Name the cell of a notebook or of IPython that a finding is in: its file is one that nobody knows."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    name = getattr(getattr(shell, "compile", None), "format_code_name", lambda file: None)(finding.file)
    if not name or finding.where:
        return finding
    return replace(finding, where=f"{' '.join(name).replace('Cell In', 'cell ')}, line {finding.line}")


def _line(finding: Finding) -> str:
    return str(replace(finding, file="") if finding.where.startswith("cell [") else finding)
