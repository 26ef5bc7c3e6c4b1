"""Learning-rate schedules: pure functions from the number of updates made to a factor on the rate.

A factory takes ``(total_steps, steps_per_epoch)`` — the whole training, None where unknown — and its own keyword
arguments, and returns the function. ``interval`` is the unit of its arguments ("step" or "epoch"). Staircases (step,
multistep, exponential) change at whole units; the others change at every update.

Warm-up goes in a straight line from ``warmup_start`` to 1. Its default start is 1/(warmup_steps + 1), so that no
update has rate zero; ``warmup_start=0`` is the curve of the transformers and diffusers libraries.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch

from seedbed.errors import ConfigError

Factor = Callable[[int], float]
Interval = Literal["step", "epoch"]


def constant(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    warmup_steps: int = 0,
    warmup_epochs: float = 0,
    warmup_start: float | None = None,
    interval: Interval = "step",
) -> Factor:
    """The rate as it is, after a linear warm-up if there is one."""
    warmup = _warmup_length("constant", warmup_steps, warmup_epochs, steps_per_epoch)
    return with_warmup(lambda step: 1.0, warmup, warmup_start)


def linear(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    start: float = 1.0,
    end: float = 0.0,
    length: float | None = None,
    interval: Interval = "step",
) -> Factor:
    """A straight line from ``start`` to ``end`` over ``length`` (default: the whole training), then ``end``."""
    total = _length("linear", length, interval, total_steps, steps_per_epoch)
    return lambda step: start + (end - start) * min(step / total, 1.0)


def step(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    step_size: int,
    gamma: float = 0.1,
    interval: Interval = "epoch",
) -> Factor:
    """Times ``gamma`` after every ``step_size`` units."""
    unit = _unit("step", interval, steps_per_epoch)
    _positive("step", step_size=step_size)
    return lambda step: float(gamma ** (step // unit // step_size))


def multistep(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    milestones: Sequence[int],
    gamma: float = 0.1,
    interval: Interval = "epoch",
) -> Factor:
    """Times ``gamma`` at each of ``milestones``."""
    unit = _unit("multistep", interval, steps_per_epoch)
    marks = sorted(milestones)
    return lambda step: float(gamma ** bisect.bisect_right(marks, step // unit))


def exponential(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    gamma: float,
    interval: Interval = "epoch",
) -> Factor:
    """Times ``gamma`` after every unit."""
    unit = _unit("exponential", interval, steps_per_epoch)
    return lambda step: float(gamma ** (step // unit))


def cosine(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    warmup_steps: int = 0,
    warmup_epochs: float = 0,
    warmup_start: float | None = None,
    min_factor: float = 0.0,
    length: float | None = None,
    interval: Interval = "step",
) -> Factor:
    """Half a cosine from 1 to ``min_factor`` between warm-up and ``length`` (default: the end); Loshchilov 2017."""
    total = _length("cosine", length, interval, total_steps, steps_per_epoch)
    warmup = _warmup_length("cosine", warmup_steps, warmup_epochs, steps_per_epoch)

    def decay(step: int) -> float:
        progress = min((step - warmup) / max(total - warmup, 1), 1.0)
        return min_factor + (1 - min_factor) * 0.5 * (1 + math.cos(math.pi * progress))

    return with_warmup(decay, warmup, warmup_start)


def warm_restarts(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    first: float,
    multiply: int = 1,
    min_factor: float = 0.0,
    interval: Interval = "epoch",
) -> Factor:
    """Half cosines that start again: the first lasts ``first`` units, each next one ``multiply`` times the last."""
    unit = _unit("warm_restarts", interval, steps_per_epoch)
    _positive("warm_restarts", first=first, multiply=multiply)

    def factor(step: int) -> float:
        position, length = step / unit, float(first)
        while position >= length:
            if multiply == 1:
                position = math.fmod(position, length)
                break
            position, length = position - length, length * multiply
        return min_factor + (1 - min_factor) * 0.5 * (1 + math.cos(math.pi * position / length))

    return factor


def one_cycle(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    warmup_share: float = 0.3,
    start_factor: float = 1 / 25,
    end_factor: float = 1 / 250_000,
    anneal: Literal["cosine", "linear"] = "cosine",
    length: float | None = None,
    interval: Interval = "step",
) -> Factor:
    """Up from ``start_factor`` to 1 in the first ``warmup_share``, down to ``end_factor`` at the end; Smith 2018.

    The optimizer's rate is the peak. Momentum is left alone.
    """
    total = _length("one_cycle", length, interval, total_steps, steps_per_epoch)
    if not 0 <= warmup_share <= 1:
        raise ConfigError(f"schedule one_cycle: warmup_share is {warmup_share}; it is a share between 0 and 1")
    _one_of("one_cycle", "anneal", anneal, ("cosine", "linear"))
    peak, last = warmup_share * total - 1, total - 1

    def between(a: float, b: float, share: float) -> float:
        if anneal == "linear":
            return a + (b - a) * share
        return b + (a - b) / 2 * (1 + math.cos(math.pi * share))

    def factor(step: int) -> float:
        if step <= peak:
            return between(start_factor, 1.0, step / peak if peak else 1.0)
        low = max(peak, 0.0)
        return between(1.0, end_factor, min((step - low) / (last - low), 1.0) if last > low else 1.0)

    return factor


def polynomial(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    power: float = 1.0,
    min_factor: float = 0.0,
    warmup_steps: int = 0,
    warmup_epochs: float = 0,
    warmup_start: float | None = None,
    length: float | None = None,
    interval: Interval = "step",
) -> Factor:
    """(1 - share of the way) to the ``power``, from 1 to ``min_factor``, after a linear warm-up."""
    total = _length("polynomial", length, interval, total_steps, steps_per_epoch)
    warmup = _warmup_length("polynomial", warmup_steps, warmup_epochs, steps_per_epoch)

    def decay(step: int) -> float:
        remaining = 1 - min((step - warmup) / max(total - warmup, 1), 1.0)
        return float(min_factor + (1 - min_factor) * remaining**power)

    return with_warmup(decay, warmup, warmup_start)


def wsd(
    total_steps: int | None,
    steps_per_epoch: int | None,
    *,
    warmup_steps: int = 0,
    warmup_epochs: float = 0,
    warmup_start: float | None = None,
    decay_share: float = 0.2,
    min_factor: float = 0.0,
    shape: Literal["linear", "sqrt", "cosine"] = "linear",
    length: float | None = None,
    interval: Interval = "step",
) -> Factor:
    """Warm-up, stable, decay: 1 until the last ``decay_share`` of the training, then down to ``min_factor``.

    ``shape`` "sqrt" is 1 - sqrt(x), of Hägele et al. 2024.
    """
    total = _length("wsd", length, interval, total_steps, steps_per_epoch)
    warmup = _warmup_length("wsd", warmup_steps, warmup_epochs, steps_per_epoch)
    if not 0 <= decay_share <= 1:
        raise ConfigError(f"schedule wsd: decay_share is {decay_share}; it is a share between 0 and 1")
    decay_length = max(decay_share * total, 1.0)
    shapes: dict[str, Callable[[float], float]] = {
        "linear": lambda x: 1 - x,
        "sqrt": lambda x: 1 - math.sqrt(x),
        "cosine": lambda x: 0.5 * (1 + math.cos(math.pi * x)),
    }
    _one_of("wsd", "shape", shape, tuple(shapes))
    falls = shapes[shape]

    def decay(step: int) -> float:
        share = min(max((step - (total - decay_length)) / decay_length, 0.0), 1.0)
        return min_factor + (1 - min_factor) * falls(share)

    return with_warmup(decay, warmup, warmup_start)


def with_warmup(factor: Factor, warmup_steps: int, start: float | None = None) -> Factor:
    """``factor``, but in a straight line from ``start`` to 1 during the first ``warmup_steps`` updates."""
    if warmup_steps <= 0:
        return factor
    first = 1 / (warmup_steps + 1) if start is None else start
    return lambda step: first + (1 - first) * step / warmup_steps if step < warmup_steps else factor(step)


class FactorSchedule:
    """Drives an optimizer by a pure function of the number of updates: rate = initial rate times factor."""

    def __init__(self, optimizer: torch.optim.Optimizer, factor: Factor) -> None:
        self.optimizer = optimizer
        self.factor = factor
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.apply(0)

    def apply(self, step: int) -> None:
        """Set the rates for the update after ``step`` updates."""
        factor = self.factor(step)
        for group in self.optimizer.param_groups:
            group["lr"] = float(group["initial_lr"] * factor)

    def observe(self, epoch: int, metrics: dict[str, float]) -> None:
        """Nothing: the factor depends on the number of updates only."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to put back."""


def curve(factor: Factor, total_steps: int, points: int | None = None) -> list[float]:
    """The factors of a whole training, for a plot; at ``points`` evenly spaced updates if there are more."""
    if points is None or points >= total_steps:
        return [factor(step) for step in range(total_steps)]
    return [factor(round(i * (total_steps - 1) / max(points - 1, 1))) for i in range(points)]


def _unit(name: str, interval: Interval, steps_per_epoch: int | None) -> int:
    _one_of(name, "interval", interval, ("step", "epoch"))
    if interval == "step":
        return 1
    if steps_per_epoch is None:
        raise ConfigError(
            f"schedule {name} counts epochs, but the data does not say how many updates an epoch has; "
            'set trainer.steps_per_epoch, or lr_scheduler.interval to "step"'
        )
    return steps_per_epoch


def _length(
    name: str, length: float | None, interval: Interval, total_steps: int | None, steps_per_epoch: int | None
) -> int:
    if length is not None:
        _positive(name, length=length)
        return max(round(length * _unit(name, interval, steps_per_epoch)), 1)
    if total_steps is None:
        raise ConfigError(
            f"schedule {name} must know how long the training is; set trainer.steps or lr_scheduler.args.length"
        )
    return max(total_steps, 1)


def _warmup_length(name: str, warmup_steps: int, warmup_epochs: float, steps_per_epoch: int | None) -> int:
    if warmup_steps and warmup_epochs:
        raise ConfigError(
            f"schedule {name} has both warmup_steps ({warmup_steps}) and warmup_epochs ({warmup_epochs}); give one"
        )
    if warmup_steps < 0 or warmup_epochs < 0:
        raise ConfigError(f"schedule {name}: the warm-up is negative ({min(warmup_steps, warmup_epochs)})")
    return round(warmup_epochs * _unit(name, "epoch", steps_per_epoch)) if warmup_epochs else warmup_steps


def _positive(name: str, **values: float) -> None:
    for key, value in values.items():
        if not value > 0:
            raise ConfigError(f"schedule {name}: {key} is {value}; it must be greater than 0")


def _one_of(name: str, key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        choice = ", ".join(known[:-1]) + " or " + known[-1]
        raise ConfigError(f"schedule {name}: {key} is {value!r}; it is {choice}")
