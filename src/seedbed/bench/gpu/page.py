"""What a GPU did, as Markdown. Every line is a pure function of the record."""

from __future__ import annotations

from statistics import median
from typing import Any

from seedbed.bench.record import describe

BARE = "bare updates"


def report(data: dict[str, Any]) -> str:
    """The page."""
    lines = [*describe(data["about"]), *(f"- {note}" for note in data["notes"]), ""]
    if data["about"]["settings"].get("size") == "tiny":
        return "\n".join([*lines, *who_ran(data)]) + "\n"
    on_gpu = data["about"]["settings"].get("device") == "cuda"
    for case in data["cases"]:
        rows = [one for one in data["measurements"] if one["case"] == case["name"]]
        if rows:
            lines += [f"### {case['title']}", "", *table(case, rows, on_gpu), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def who_ran(data: dict[str, Any]) -> list[str]:
    """Of the tiny form only whether each trainer ran: its times mean nothing."""
    names = list(dict.fromkeys(one["variant"] for one in data["measurements"]))
    lines = [f"| case, very small | {' | '.join(names)} |", f"|{'---|' * (len(names) + 1)}"]
    for case in data["cases"]:
        of_case = {one["variant"]: one for one in data["measurements"] if one["case"] == case["name"]}
        cells = [ran(of_case[name]) if name in of_case else "" for name in names]
        lines.append(f"| {case['name']} | {' | '.join(cells)} |")
    return lines


def ran(one: dict[str, Any]) -> str:
    """How a trainer of the tiny form fared."""
    return "runs" if one["seconds"] else str(one["failure"] or "no time left")


def figure(case: dict[str, Any], seconds: float) -> float:
    """What is told of a case, from seconds of a step."""
    return float(case["per_second"] / seconds if case["larger_is_better"] else case["per_second"] * seconds)


def table(case: dict[str, Any], rows: list[dict[str, Any]], on_gpu: bool) -> list[str]:
    """A row a trainer: its figure with the smallest and the largest, what it takes over the bare updates, memory."""
    bare = next((one for one in rows if one["variant"] == BARE and one["seconds"]), None)
    target = ""
    if on_gpu and case["target"] is not None:
        target = f" Target on an H200: {'at least' if case['larger_is_better'] else 'at most'} {case['target']:,g}."
    lines = [
        f"In {case['figure']}.{target}",
        "",
        f"| trainer | {case['figure']} | over the bare updates | µs a step over them | peak on the device, MB |",
        "|---|---|---|---|---|",
    ]
    for one in rows:
        if not one["seconds"]:
            lines.append(f"| {one['variant']} | {one['failure'] or 'no time left'} | | | |")
            continue
        seconds = one["seconds"]
        figures = sorted(figure(case, value) for value in seconds)
        shown = short(median(figures)) + (f" ({short(figures[0])}–{short(figures[-1])})" if len(figures) > 1 else "")
        share = over = ""
        if bare is not None and one is not bare:
            base = median(bare["seconds"])
            share = f"{median(seconds) / base - 1:+.1%}"
            over = "" if case["figure"] == "s to the goal" else f"{(median(seconds) - base) * 1e6:+.0f}"
        memory = f"{one['peak_bytes'] / 1e6:,.0f}" if one["peak_bytes"] else ""
        lines.append(f"| {one['variant']} | {shown} | {share} | {over} | {memory} |")
    return lines


def short(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
