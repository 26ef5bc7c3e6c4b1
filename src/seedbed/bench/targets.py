"""The targets of training on a CPU, and what a record says of them."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from seedbed.bench.measure import Measurement
from seedbed.bench.pairs import FLOOR, WATCHING, Pairs

BY_HAND = {"w1": 0.40, "w2": 0.60, "w3": 0.50}
LIGHTNING = {"w1": 0.10, "w2": 0.30, "w3": 0.42}
PROCESS = {"w1": 0.50}
MEMORY = 1.05
COMPUTE_BOUND = {"w4": 1.01}
OVERHEAD_US = 40.0
WATCHING_SHARE = 0.02

Row = tuple[str, str, bool]  # the target, what was measured, whether it is met


def target_table(data: dict[str, Any]) -> list[str]:
    """A row for each target that the record has figures for."""
    found = {(one["workload"], one["variant"]): Measurement.from_json(one) for one in data["measurements"]}
    pairs = {(one["workload"], one["service"]): Pairs.from_json(one) for one in data["services"]}
    rows = [*ratios({key: one for key, one in found.items() if one.samples}), *services(pairs)]
    lines = ["| target | measured | met |", "|---|---|---|"]
    return [*lines, *(f"| {target} | {measured} | {'yes' if met else 'no'} |" for target, measured, met in rows)]


def ratios(found: dict[tuple[str, str], Measurement]) -> Iterator[Row]:
    """Seedbed's seconds and memory over others', in the same rounds."""
    for base, limits in (("by hand", BY_HAND), ("lightning", LIGHTNING)):
        for workload, limit in limits.items():
            ours, other = found.get((workload, "seedbed")), found.get((workload, base))
            if ours is not None and other is not None:
                wall, cpu = ours.ratio(other, "seconds"), ours.ratio(other, "cpu_seconds")
                yield f"{workload.upper()} training ≤ {limit:.2f} × {base}", f"{wall:.2f}; CPU {cpu:.2f}", wall <= limit
    for workload, limit in PROCESS.items():
        ours, other = found.get((workload, "seedbed")), found.get((workload, "by hand"))
        if ours is not None and other is not None:
            ratio = ours.ratio(other, "process_seconds")
            yield f"{workload.upper()} whole process ≤ {limit:.2f} × by hand", f"{ratio:.2f}", ratio <= limit
    for workload in BY_HAND:
        ours, other = found.get((workload, "seedbed")), found.get((workload, "by hand"))
        if ours is not None and other is not None and other.middle("peak_bytes"):
            ratio = ours.ratio(other, "peak_bytes")
            yield f"{workload.upper()} peak memory ≤ {MEMORY:.2f} × by hand", f"{ratio:.2f}", ratio <= MEMORY


def services(pairs: dict[tuple[str, str], Pairs]) -> Iterator[Row]:
    """What the pairs of trainings say."""
    for workload, limit in COMPUTE_BOUND.items():
        one = pairs.get((workload, FLOOR))
        if one is not None and one.on:
            ratio = quotient(one, "step_seconds")
            yield f"{workload.upper()} a step ≤ {limit:.2f} × floor, same numerics", f"{ratio:.3f}", ratio <= limit
    one = pairs.get(("w1", FLOOR))
    if one is not None and one.on:
        each = 1e6 * median(one.differences("step_seconds"))
        yield f"W1 a step ≤ {OVERHEAD_US:.0f} µs over the floor", f"{each:.0f} µs", each <= OVERHEAD_US
    one = pairs.get(("w1", WATCHING))
    if one is not None and one.on:
        share = median(one.differences("cpu_seconds")) / median(timing.cpu_seconds for timing in one.on)
        yield f"W1: {WATCHING} ≤ {WATCHING_SHARE:.0%} of training", f"{share:.1%} CPU", share <= WATCHING_SHARE


def quotient(pairs: Pairs, name: str) -> float:
    """The median over the pairs of how many times as long one takes as the other."""
    both = zip(pairs.on, pairs.off, strict=True)
    return float(median(getattr(a, name) / getattr(b, name) for a, b in both))
