"""What was measured, as Markdown. Every line is a pure function of the record."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from seedbed.bench.measure import Measurement
from seedbed.bench.pairs import ALL, FLOOR, SAME, WATCHING, Pairs
from seedbed.bench.record import describe
from seedbed.bench.services import SERVICES
from seedbed.bench.spread import Spread, spread_of


def workload_table(found: Sequence[Measurement]) -> list[str]:
    """One workload: a row a variant, ratios against the hand-written loop, overhead against the floor."""
    floor = next((one for one in found if one.variant == "floor" and one.samples), None)
    base = next((one for one in found if one.variant == "by hand" and one.samples), floor)
    times = f"× {'by hand' if base is None else base.variant}"
    lines = [
        f"| variant | training, s | CPU s | {times} | {times}, CPU | µs a step over the floor, CPU | process, s | "
        f"{times} | before and after training, s | peak, MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        if not one.samples:
            lines.append(f"| {one.variant} | {one.failure} | | | | | | | | |")
            continue
        ratios = [
            f"{one.ratio(base, name):.2f}" if base is not None else "–"
            for name in ("seconds", "cpu_seconds", "process_seconds")
        ]
        over = "–"
        if floor is not None and one is not floor:
            over = f"{(one.middle('cpu_seconds') - floor.middle('cpu_seconds')) / one.samples[0].steps * 1e6:.0f}"
        cells = [
            one.variant,
            f"{one.middle('seconds'):.2f}{spread_text(one, 'seconds')}",
            f"{one.middle('cpu_seconds'):.2f}{spread_text(one, 'cpu_seconds')}",
            ratios[0],
            ratios[1],
            over,
            f"{one.middle('process_seconds'):.2f}",
            ratios[2],
            f"{one.middle('process_seconds') - one.middle('seconds'):.2f}",
            f"{one.middle('peak_bytes') / 1e6:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def spread_text(one: Measurement, name: str) -> str:
    """From the smallest to the largest, where there is more than one sample."""
    values = [getattr(sample, name) for sample in one.samples]
    return f" ({min(values):.2f}–{max(values):.2f})" if len(values) > 1 else ""


def service_table(found: Sequence[Pairs]) -> list[str]:
    """What each service costs: medians of the differences within pairs, with the interval that they lie in."""
    if not found:
        return []
    rounds = max(len(pairs.on) for pairs in found)
    sure = max((spread_of(pairs.differences("seconds")).confidence for pairs in found if pairs.on), default=0.0)
    lines = [
        f"What each service costs: {rounds} pairs of trainings side by side in one process, with it and without. "
        f"Medians; in brackets where they lie with {sure:.0%} confidence. The first row is how well this can be told: "
        "twice the same.",
        "",
        "| left out | wall, ms | CPU, ms | µs a step, CPU | µs of the median step, wall | share of training, CPU | |",
        "|---|---|---|---|---|---|---|",
    ]
    order = {SAME: 0, WATCHING: 97, ALL: 98, FLOOR: 99}
    for pairs in sorted(found, key=lambda pairs: order.get(pairs.service, 1)):
        lines.append(f"| {' | '.join(service_cells(pairs))} |")
    return [*lines, "", *(f"- {name}: {what}" for name, (what, _) in SERVICES.items())]


def service_cells(pairs: Pairs) -> list[str]:
    """One row: a verdict in words at its end."""
    name = "everything but the bare updates" if pairs.service == FLOOR else pairs.service
    if not pairs.on:
        return [name, str(pairs.failure), "", "", "", "", ""]
    steps, other = pairs.on[0].steps, pairs.off[0].steps
    if steps != other:
        return [name, f"cannot be compared: {steps} updates with it, {other} without", "", "", "", "", ""]
    wall, cpu = spread_of(pairs.differences("seconds")), spread_of(pairs.differences("cpu_seconds"))
    whole = median(one.cpu_seconds for one in pairs.on)
    share = Spread(cpu.n, cpu.middle / whole, cpu.low / whole, cpu.high / whole, cpu.confidence)
    verdict = "" if not cpu.is_noise else f"less than the noise: at most {max(share.high, 0):.1%}"
    if cpu.confidence < 0.9:
        verdict = f"too few rounds to tell ({cpu.n})"
    return [
        name,
        in_milliseconds(wall),
        in_milliseconds(cpu),
        f"{cpu.middle / steps * 1e6:.1f}",
        f"{median(pairs.differences('step_seconds')) * 1e6:.1f}",
        f"{share.middle:.1%} ({share.low:.1%} to {share.high:.1%})",
        verdict,
    ]


def in_milliseconds(spread: Spread) -> str:
    """A median of seconds with its interval."""
    return f"{spread.middle * 1e3:.1f} ({spread.low * 1e3:.1f} to {spread.high * 1e3:.1f})"


def report(data: dict[str, Any]) -> str:
    """The page of a record of workloads or of a config."""
    found = [Measurement.from_json(one) for one in data["measurements"]]
    services = [Pairs.from_json(one) for one in data["services"]]
    lines = [*describe(data["about"]), *(f"- Not compared: {note}" for note in data["notes"]), ""]
    for workload, title in data["workloads"].items():
        lines += [f"### {workload.upper()}: {title}", ""]
        group = [one for one in found if one.workload == workload]
        lines += [*workload_table(group), ""] if group else []
        table = service_table([pairs for pairs in services if pairs.workload == workload])
        lines += [*table, ""] if table else []
    return "\n".join(lines).rstrip("\n") + "\n"
