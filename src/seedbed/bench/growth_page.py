"""How things grow, as Markdown tables and charts. Every line is a pure function of the record."""

from __future__ import annotations

from typing import Any

from seedbed.bench.chart import draw
from seedbed.bench.record import describe

TOO_STEEP = 0.3  # above what is expected: more than noise between two sizes


def report(data: dict[str, Any], charts: str = "") -> str:
    """The page.

    Args:
        data: A record of growth.
        charts: Where the charts lie as seen from the page, such as "results/growth-"; none are shown if empty.
    """
    lines = [*describe(data["about"]), *(f"- {note}" for note in data["notes"]), ""]
    for curve in data["curves"]:
        lines += [f"### {curve['title']}", "", *table(curve), ""]
        if charts:
            lines += [f"![{curve['title']}]({charts}{curve['name']}.svg)", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def table(curve: dict[str, Any]) -> list[str]:
    """A row a size; below it how steep each column is at its end, beside how steep it should be."""
    names = list(dict.fromkeys(name for point in curve["points"] for name in point["values"]))
    lines = [f"| {curve['x']} | {' | '.join(names)} |", f"|{'---|' * (len(names) + 1)}"]
    for point in curve["points"]:
        cells = [number(point["values"].get(name)) for name in names]
        lines.append(f"| {point['x']:,.0f} | {' | '.join(cells)} |")
    lines.append(f"| grows as x to the power of | {' | '.join(verdict(curve, name) for name in names)} |")
    return [f"For {curve['y']}.", "", *lines]


def verdict(curve: dict[str, Any], name: str) -> str:
    """The exponent at the end of a column, and whether it is more than it has to be."""
    found, expected = curve["steepness"].get(name), curve["expected"].get(name)
    if found is None or expected is None:
        return ""
    return f"{found:.2f}" + (f" (should be at most {expected:g})" if found > expected + TOO_STEEP else "")


def number(value: float | None) -> str:
    """Three digits."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def charts(data: dict[str, Any]) -> dict[str, str]:
    """The charts by the names of their curves, as SVG."""
    found = {}
    for curve in data["curves"]:
        names = dict.fromkeys(name for point in curve["points"] for name in point["values"])
        lines = {
            name: [(point["x"], point["values"][name]) for point in curve["points"] if name in point["values"]]
            for name in names
        }
        found[curve["name"]] = draw(curve["title"], curve["x"], curve["y"], lines)
    return found
