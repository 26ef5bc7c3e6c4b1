"""Windows of a series that are brought to a scale of their own: which entries the statistics are taken over."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import lineage, scaling
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def over_horizon(p: Program) -> Iterator[tuple[Val, Val]]:
    """Statistics of whole windows by which their first part is scaled, while the rest is the target; both cuts."""
    seen: set[int] = set()
    for feed in (f for part in lineage.feeds(p) for f in part):
        if feed.y is None:
            continue
        goal = lineage.certain(feed.y)
        for step in lineage.certain(feed.x):
            made = scaling.standardised(step)
            if made is None or id(made[0].node) in seen:
                continue
            window = _source(made[0])
            if window is None or not _is_window(window) or not any(v is window for v in goal):
                continue
            mine, other = (_end(lineage.certain(v), window, late) for v, late in ((feed.x, False), (feed.y, True)))
            if mine is not None and other is not None and (mine is other or _equal(mine, other)):
                seen.add(id(made[0].node))
                yield made[0], window


def _source(stat: Val) -> Val | None:
    """What a mean or a lowest value is taken over."""
    return scaling.statistic(stat)[1]


def _is_window(val: Val) -> bool:
    """Whether a value is the part of a series that belongs to one sample."""
    key = lineage.row_key(val)
    if key is None or key.kind != "slice":
        return False
    return any("index" in v.tags or "counter" in v.tags for a in key.args[:2] for v in ancestors(a, limit=20))


def _end(steps: list[Val], window: Val, late: bool) -> Val | None:
    """Where the input ends in its window, or where the target begins."""
    for step in steps:
        if step is window:
            return None
        key = lineage.row_key(step)
        if key is not None and key.kind == "slice":
            first, last = key.args[:2]
            if late:
                return first if last.is_none and not first.is_none else None
            return last if first.is_none and not last.is_none else None
    return None


def _equal(one: Val, other: Val) -> bool:
    return one.kind == other.kind == "const" and type(one.const) is int and one.const == other.const
