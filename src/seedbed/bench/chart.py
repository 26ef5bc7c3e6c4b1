"""A chart with logarithmic axes as a small SVG: lines with dots, decades as a grid, names at the side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50
COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#525252")  # apart for the colour-blind as well
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2")


def draw(title: str, x_name: str, y_name: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """The chart as text; numbers that are not above 0 have no place on its axes and are left out.

    Args:
        title: Above it.
        x_name: What goes to the right.
        y_name: What goes up, with its unit.
        lines: By name, points (x, y).
    """
    points = {name: [(x, y) for x, y in line if x > 0 and y > 0] for name, line in lines.items()}
    every = [point for line in points.values() for point in line] or [(1.0, 1.0)]
    x_axis, y_axis = decades([x for x, _ in every]), decades([y for _, y in every])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_axis[0]) / (x_axis[-1] - x_axis[0])
        up = (math.log10(y) - y_axis[0]) / (y_axis[-1] - y_axis[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 22, title, size=13),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_name, anchor="middle"),
        text(14, TOP - 8, y_name, size=11),
    ]
    for power in x_axis:
        x, _ = place(10.0**power, 10.0 ** y_axis[0])
        parts += [rule(x, TOP, x, HEIGHT - BOTTOM), text(x, HEIGHT - BOTTOM + 16, ten(power), anchor="middle")]
    for power in y_axis:
        _, y = place(10.0 ** x_axis[0], 10.0**power)
        parts += [rule(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 6, y + 4, ten(power), anchor="end")]
    for number, (name, line) in enumerate(points.items()):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        parts += curve([place(x, y) for x, y in line], colour, dash)
        down = TOP + 14 + 18 * number
        parts += [curve_sample(down, colour, dash), text(WIDTH - RIGHT + 48, down + 4, name, size=11)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def decades(values: Sequence[float]) -> list[int]:
    """The powers of ten from below the smallest to above the largest value, two at least."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return list(range(low, max(high, low + 1) + 1))


def ten(power: int) -> str:
    """10, 100 and so on; with an exponent where that is shorter."""
    if -2 <= power <= 3:
        return f"{10.0**power:g}"
    return f'10<tspan dy="-4" font-size="9">{power}</tspan>'


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12) -> str:
    """Some words; a power of ten brings marks of its own."""
    shown = words if words.startswith("10<") else escape(words)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222222">{shown}</text>'


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    """A line of the grid."""
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="#dddddd"/>'


def curve(places: Sequence[tuple[float, float]], colour: str, dash: str) -> list[str]:
    """A line through the places, and a dot at each."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed(dash)}/>'
    return [line, *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)]


def curve_sample(y: float, colour: str, dash: str) -> str:
    """What a line looks like, beside its name."""
    x = WIDTH - RIGHT + 14
    return f'<line x1="{x}" y1="{y}" x2="{x + 28}" y2="{y}" stroke="{colour}" stroke-width="2"{dashed(dash)}/>'


def dashed(pattern: str) -> str:
    """The attribute for a dashed line; nothing for a whole one."""
    return f' stroke-dasharray="{pattern}"' if pattern else ""
