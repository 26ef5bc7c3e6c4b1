"""What was measured, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from seedbed.bench.measure import Measurement


def workload_table(found: Sequence[Measurement]) -> list[str]:
    """One workload: a row a variant, ratios against the hand-written loop, overhead against the floor."""
    base = next((one for one in found if one.variant == "by hand" and one.samples), None)
    floor = next((one for one in found if one.variant == "floor" and one.samples), None)
    lines = [
        "| variant | training, s | CPU s | × by hand | × by hand, CPU | µs a step over the floor, CPU | process, s | "
        "× by hand | before and after training, s | peak, MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        if " without " in one.variant:
            continue
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
            f"{one.middle('seconds'):.2f}",
            f"{one.middle('cpu_seconds'):.2f}",
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


def service_table(found: Sequence[Measurement]) -> list[str]:
    """What each of seedbed's services costs: the default less a run without it."""
    whole = next((one for one in found if one.variant == "seedbed" and one.samples), None)
    without = [one for one in found if " without " in one.variant]
    if whole is None or not without:
        return []
    lines = ["| service | wall, ms | CPU, ms | share of training, CPU |", "|---|---|---|---|"]
    for one in without:
        name = one.variant.partition(" without ")[2]
        if not one.samples:
            lines.append(f"| {name} | {one.failure} | | |")
            continue
        wall, cpu = (difference(whole, one, number) for number in ("seconds", "cpu_seconds"))
        lines.append(f"| {name} | {wall * 1e3:.0f} | {cpu * 1e3:.0f} | {cpu / whole.middle('cpu_seconds'):.1%} |")
    return lines


def difference(a: Measurement, b: Measurement, name: str) -> float:
    """The median over the rounds of how much more ``a`` took."""
    return float(median(getattr(x, name) - getattr(y, name) for x, y in zip(a.samples, b.samples, strict=False)))


def report(found: Sequence[Measurement], titles: dict[str, str], about: Sequence[str]) -> str:
    """The whole page."""
    lines = [*(f"- {line}" for line in about), ""]
    for workload, title in titles.items():
        group = [one for one in found if one.workload == workload]
        if group:
            lines += [f"## {workload.upper()}: {title}", "", *workload_table(group), ""]
            services = service_table(group)
            lines += [*services, ""] if services else []
    return "\n".join(lines)
