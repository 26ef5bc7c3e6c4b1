"""Standardisation and min-max scaling as they are written: which statistics, in which order, how often."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_KIND = {
    "mean": "mean", "nanmean": "mean", "std": "std", "nanstd": "std", "var": "var", "nanvar": "var",
    "min": "min", "amin": "min", "nanmin": "min", "max": "max", "amax": "max", "nanmax": "max",
}  # fmt: skip
_GUARDS = frozenset(["add", "clamp", "clip", "clamp_min", "maximum", "clip_", "replace", "where", "fillna"])


def statistic(val: Val) -> tuple[str, Val | None]:
    """``("std", source)`` for a deviation, with or without a guard against zero; ``("", None)`` for anything else."""
    current = val
    for _ in range(12):
        if current.kind not in ("tensor", "unknown", "number", "method", "tuple"):
            break
        if current.name == "sqrt" and current.args:
            name, source = statistic(current.args[0])
            return ("std", source) if name == "var" else ("", None)
        if current.name == "part" and current.args and current.args[0].name in ("std_mean", "var_mean"):
            names = ("std" if current.args[0].name == "std_mean" else "var", "mean")
            inner = current.args[0]
            return names[1 if current.place == 1 else 0], inner.args[0] if inner.args else None
        if current.name in _KIND and current.args and current.args[0].kind not in ("const", "number"):
            return _KIND[current.name], current.args[0]
        follow = current.name in TRANSPARENT or (
            current.name in _GUARDS and len([a for a in current.args if a.kind != "const"]) == 1
        )
        if not follow or not current.args:
            break
        current = next((a for a in current.args if a.kind != "const"), current.args[0])
    return "", None


def pair(val: Val) -> tuple[Val, Val, Val] | None:
    """``(x, m, s)`` when a value is ``(x - m) / s``."""
    if val.name != "div" or len(val.args) != 2 or val.args[0].name != "sub" or len(val.args[0].args) != 2:
        return None
    return val.args[0].args[0], val.args[0].args[1], val.args[1]


def standardised(val: Val) -> tuple[Val, Val] | None:
    """The mean and the deviation (or the ends of the range) that a value is scaled by."""
    parts = pair(val)
    if parts is None:
        return None
    first, second = statistic(parts[1])[0], statistic(parts[2])[0]
    if (first, second) == ("mean", "std"):
        return parts[1], parts[2]
    width = parts[2]
    if first == "min" and width.name == "sub" and len(width.args) == 2 and statistic(width.args[0])[0] == "max":
        return parts[1], parts[2]
    return None


def inputs(p: Program) -> Iterator[Val]:
    """All values behind the inputs of models and data sets, each once."""
    seen: set[int] = set()
    heads = [a for e in p.all("forward") if not e.depth for a in e.args]
    heads += [a for e in p.calls("TensorDataset") for a in e.args]
    for head in heads:
        for val in ancestors(head, limit=1500):
            if id(val) not in seen:
                seen.add(id(val))
                yield val


def wrong_formula(val: Val) -> str:
    """What is wrong with a formula that scales, ``""`` when nothing or when it is something else."""
    if val.kind != "tensor" or len(val.args) != 2:
        return ""
    left, right = val.args
    if val.name == "sub":
        if right.name == "div" and len(right.args) == 2:
            first, second = statistic(right.args[0])[0], statistic(right.args[1])[0]
            wide = right.args[1].name == "sub"
            if (first, second) in (("mean", "std"), ("mean", "var")) or (first == "min" and wide):
                return "x - mean / std divides first: the parentheses are missing"
        if pair(val.args[0]) is not None:
            base, low, high = pair(val.args[0]) or (left, left, left)
            if statistic(low)[0] == "min" and statistic(high)[0] == "max" and statistic(right)[0] == "min":
                return "(x - min) / max - min divides first: the parentheses of (max - min) are missing"
            del base
        return ""
    parts = pair(val)
    if parts is None:
        return ""
    first, second = statistic(parts[1])[0], statistic(parts[2])[0]
    if (first, second) == ("mean", "var"):
        return "it is divided by the variance, not by the standard deviation"
    if (first, second) in (("std", "mean"), ("var", "mean")):
        return "mean and std are swapped: the deviation is subtracted and the mean divides"
    if first == "min" and parts[2].name == "add" and len(parts[2].args) == 2:
        names = {statistic(a)[0] for a in parts[2].args}
        if names == {"min", "max"}:
            return "min-max scaling divides by max + min instead of max - min"
    return ""


def twice(x: Val) -> tuple[Val, Val] | None:
    """The outer and the inner of two scalings by the same statistics or the same fitted scaler."""
    done: list[tuple[Val, set[int]]] = []
    for step in lineage.certain(x):
        made = standardised(step)
        keys: set[int] = set()
        fixed = pair(step)
        if made is not None:
            keys = {id(_base(m)) for m in made}
        elif fixed is not None and all(isinstance(c.const, float) and c.const for c in fixed[1:]):
            again = _fixed_again(step, fixed)
            if again is not None:
                return step, again
        elif step.name in ("transform", "fit_transform") and len(step.args) > 1 and step.args[-1].kind == "object":
            keys = {id(step.args[-1])}
        if not keys:
            continue
        for outer, others in done:
            if keys & others:
                return outer, step
        done.append((step, keys))
    return None


_SAME = TRANSPARENT | {"clip", "clamp", "astype", "batch", "element", "from_numpy", "as_tensor", "tensor", "array"}


def _fixed_again(outer: Val, parts: tuple[Val, Val, Val]) -> Val | None:
    """The earlier scaling by the very same numbers, with nothing in between that leads back to the raw values."""
    for step in lineage.certain(parts[0]):
        inner = pair(step)
        if inner is not None:
            same = [m.const for m in inner[1:]] == [m.const for m in parts[1:]]
            return step if same and not (step.node is outer.node and step.loops and step.loops == outer.loops) else None
        if step.name not in _SAME:
            return None
    return None


def _base(val: Val) -> Val:
    while val.name in TRANSPARENT and val.args:
        val = val.args[0]
    return val


def of_scaled(p: Program) -> Iterator[tuple[Val, Val]]:
    """Scalings of measured data by statistics of training data that was scaled already; with the earlier scaling."""
    learned, measured = lineage.feeds(p)
    mine = {id(s): s for f in learned for s in lineage.certain(f.x) if standardised(s) is not None}
    for feed in measured:
        for step in lineage.certain(feed.x):
            made = standardised(step)
            if made is None or id(step) in mine:
                continue
            source = statistic(made[0])[1]
            before = [mine[id(v)] for v in lineage.path(source) if id(v) in mine] if source is not None else []
            if before and not any(id(v) in mine for v in lineage.path(step.args[0].args[0])):
                yield step, before[0]
