"""What pays for this model on this machine: a few updates of each candidate, timed on copies before the first update.

Candidates race in turns against the best so far, and the faster minimum of a round counts, because other programs only
ever make a round slower. Nothing of the training moves: copies are trained, under forked random generators.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from seedbed.batch import Batch, map_tensors
from seedbed.data.pipeline import channels_last
from seedbed.loop import train_step
from seedbed.seeding import forked_rng
from seedbed.speed.captured import WARM_UP
from seedbed.speed.choose import Numerics, choose_step
from seedbed.speed.compiled import explain
from seedbed.speed.images import why_not_channels_last
from seedbed.state import TrainState, TrainStep

WORTH = 0.93  # a candidate must be at least so much faster, else the numbers stay the plain ones
ROUND_SECONDS, ROUNDS, MOST_UPDATES = 0.02, 6, 200
# Compiling is tried only where it can pay: the slowest cold start that was measured, over the largest share of an
# update's time that compiling was seen to save (docs/benchmarks.md)
SLOWEST_COLD_START, LARGEST_GAIN = 75.0, 0.61


@dataclass(frozen=True)
class Trial:
    """What a candidate came to: seconds per update of the best so far and its own, or why it could not be tried."""

    candidate: str
    against: float | None = None
    seconds: float | None = None
    chosen: bool = False
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For the log and the manifest, times in milliseconds."""
        return {
            "candidate": self.candidate,
            "before_ms": None if self.against is None else round(self.against * 1e3, 4),
            "ms": None if self.seconds is None else round(self.seconds * 1e3, 4),
            "chosen": self.chosen,
            "reason": self.reason,
        }


@dataclass(kw_only=True)
class Probed:
    """What was chosen, and every trial."""

    numerics: Numerics
    trials: list[Trial] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For the log and the manifest."""
        chosen = {name: getattr(self.numerics, name) for name in Numerics.__dataclass_fields__}
        return {"chosen": chosen, "trials": [t.to_json() for t in self.trials], "seconds": round(self.seconds, 3)}


class Contestant:
    """A copy of a training under some numerics, which makes updates for nobody."""

    def __init__(self, plain: TrainStep, state: TrainState, numerics: Numerics, batches: Sequence[Batch]) -> None:
        self.state = copy.deepcopy(state)
        self.numerics = numerics
        numerics.apply(self.state)
        self.batches = [lay_out(batch) for batch in batches] if numerics.channels_last else list(batches)
        chosen = choose_step(plain, self.state, numerics, lambda: self.batches[0])
        if chosen.refusals:
            raise ValueError(chosen.refusals[0].partition(": ")[2])
        self.step, self.made = chosen.step, 0
        self.state.train_mode()
        self.run(WARM_UP + 2 if numerics.cuda_graphs else 4)

    def run(self, updates: int) -> float:
        """Make so many updates; seconds per update."""
        torch.set_num_threads(self.numerics.threads)
        synchronize(self.state.device)
        start = time.perf_counter()
        for _ in range(updates):
            self.step(self.state, [self.batches[self.made % len(self.batches)]])
            self.made += 1
        synchronize(self.state.device)
        return (time.perf_counter() - start) / updates


def probe(
    plain: TrainStep,
    state: TrainState,
    batches: Sequence[Batch],
    numerics: Numerics,
    *,
    undecided: Collection[str],
    most_threads: int,
    planned: int | None,
    accumulate: int = 1,
) -> Probed:
    """Race what is undecided, one thing after the other; what is faster stays.

    Args:
        plain: The training's update.
        state: Before its first update; copied.
        batches: Some full batches.
        numerics: The plain choice.
        undecided: Names of ``Numerics``'s fields that may be chosen.
        most_threads: Threads that torch was given.
        planned: Updates in all; None if nobody knows.
        accumulate: Batches per update.
    """
    found, start, threads = Probed(numerics=numerics), time.perf_counter(), torch.get_num_threads()
    try:
        with forked_rng():
            best = Contestant(plain, state, numerics, batches)
            for change in candidates(plain, state, batches, numerics, undecided, most_threads, accumulate):
                wanted = replace(best.numerics, **change)
                name = ", ".join(f"{key}={value}" for key, value in change.items())
                reason = why_not_channels_last(state, batches[0]) if change.get("channels_last") else None
                if reason is not None:
                    found.trials.append(Trial(name, reason=reason))
                    continue
                best = race(found, best, name, lambda wanted=wanted: Contestant(plain, state, wanted, batches))  # type: ignore[misc]
            if "compile" in undecided and plain is train_step and accumulate == 1:
                wanted = replace(best.numerics, compile="step")
                best = race_compiled(found, best, lambda: Contestant(plain, state, wanted, batches), planned)
            found.numerics = best.numerics
    except (
        Exception
    ) as error:  # a model that cannot be copied, a loss that is not finite: the training itself will tell
        found.numerics = numerics
        found.trials.append(Trial("probe", reason=f"nothing could be measured: {explain(error)}"))
    finally:
        torch.set_num_threads(threads)
    found.seconds = time.perf_counter() - start
    return found


def candidates(
    plain: TrainStep,
    state: TrainState,
    batches: Sequence[Batch],
    numerics: Numerics,
    undecided: Collection[str],
    most_threads: int,
    accumulate: int,
) -> list[dict[str, Any]]:
    """What is worth a try here, compiling excepted."""
    found: list[dict[str, Any]] = []
    device = state.device.type
    if "threads" in undecided and device == "cpu" and most_threads > 1:
        found.append({"threads": most_threads if numerics.threads == 1 else 1})
    if "channels_last" in undecided and has_images(state.model, batches):
        found.append({"channels_last": True})
    if "precision" in undecided and (device == "cpu" or (device == "cuda" and torch.cuda.is_bf16_supported())):
        found.append({"precision": "bf16"})
    if "cuda_graphs" in undecided and device == "cuda" and plain is train_step and accumulate == 1:
        found.append({"cuda_graphs": True})
    return found


def race(found: Probed, best: Contestant, name: str, make: Callable[[], Contestant]) -> Contestant:
    """The better of two, measured in turns; noted in ``found``."""
    try:
        other = make()
        before, seconds = measure(best, other)
    except Exception as error:  # any operation may lack a form for the layout, the precision, the graph
        found.trials.append(Trial(name, reason=explain(error)))
        return best
    won = seconds <= WORTH * before
    found.trials.append(Trial(name, before, seconds, won))
    return other if won else best


def race_compiled(found: Probed, best: Contestant, make: Callable[[], Contestant], planned: int | None) -> Contestant:
    """Whether compiling the step saves more than it costs over the updates that are planned."""
    name = "compile=step"
    if planned is None:
        found.trials.append(Trial(name, reason="nobody knows how many updates there will be"))
        return best
    rough = min(best.run(1) for _ in range(3))
    if planned * rough * LARGEST_GAIN < SLOWEST_COLD_START:
        reason = f"{planned} updates take about {planned * rough:.0f} s; too few for compiling to be sure to pay"
        found.trials.append(Trial(name, seconds=None, against=rough, reason=reason))
        return best
    start = time.perf_counter()
    try:
        other = make()
        cold = time.perf_counter() - start
        before, seconds = measure(best, other)
    except Exception as error:
        found.trials.append(Trial(name, reason=explain(error)))
        return best
    # compiled here for the copy, and once more for the training itself
    even = break_even(before, seconds, 2 * cold)
    won = even is not None and even < planned
    text = "never" if even is None else f"after {even} of {planned} updates"
    found.trials.append(Trial(name, before, seconds, won, f"compiling took {cold:.1f} s; it pays {text}"))
    return other if won else best


def break_even(before: float, after: float, cost: float) -> int | None:
    """Updates after which what each one saves has paid for ``cost`` seconds; None if never."""
    return None if after > WORTH * before else round(cost / (before - after))


def measure(best: Contestant, other: Contestant) -> tuple[float, float]:
    """Seconds per update of both, the minimum of rounds made in turns."""
    slowest = max(best.run(1), other.run(1))
    updates = min(max(int(ROUND_SECONDS / max(slowest, 1e-7)), 1), MOST_UPDATES)
    rounds = ROUNDS if slowest < 0.1 else 2
    times = [(best.run(updates), other.run(updates)) for _ in range(rounds)]
    return min(a for a, _ in times), min(b for _, b in times)


def has_images(model: nn.Module, batches: Sequence[Batch]) -> bool:
    """Whether a two-dimensional convolution may see inputs of four dimensions."""
    seen: list[bool] = []
    map_tensors(lambda tensor: seen.append(tensor.ndim == 4 and tensor.is_floating_point()), batches[0].inputs)
    return any(seen) and any(isinstance(module, nn.Conv2d) for module in model.modules())


def lay_out(batch: Batch) -> Batch:
    """The batch with its images channels-last, as the data would come."""
    return replace(batch, inputs=map_tensors(channels_last, batch.inputs))


def synchronize(device: torch.device) -> None:
    """Wait for the device, so that the clock tells its time."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
