"""The numbers that a rate takes over a run, worked out for each round where its formula has one counter only."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator

from seedbed.doctor.static import queries as q
from seedbed.doctor.static.numbers import BETWEEN, PROBED
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

Problem = tuple[str, str, str]
_FEW = 5  # rounds below which no course can be seen


def odd_rates(p: Program) -> Iterator[tuple[Event | Val, Problem]]:
    """Rates set by hand whose course over the loop is negative, rises all the way, or does not move."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event) or id(event.node) in seen or not event.args or event.conds:
            continue
        seen.add(id(event.node))
        value = event.args[-1]
        counters = {id(v): v for v in ancestors(value, limit=60) if v.kind == "number" and v.name == "int"}
        if len(counters) != 1:
            continue
        counter = next(iter(counters.values()))
        loop = next((r for r in event.loops if _counts(r, counter)), None)
        rounds = _rounds(loop) if loop is not None else None
        names = " ".join(str(getattr(f, "name", "")) for f in event.funcs)
        text = ast.unparse(value.node) if isinstance(value.node, ast.expr) else ""
        if (
            rounds is None
            or len(rounds) < _FEW
            or any(w in f"{names} {text}".lower() for w in ("warm", "find", "test"))
        ):
            continue
        course = [_number(value, counter, at) for at in rounds]
        numbers = [c for c in course if c is not None]
        if numbers and numbers[0] > 0 and numbers[-1] >= max(0.1, 1000 * numbers[0]):
            continue  # a range test goes through all rates on purpose
        if len(numbers) == len(course) and (problem := _judge(numbers, text)) is not None:
            yield value if value.src is not None and value.line else event, problem


def course(event: Event) -> list[float]:
    """The rates that an item assignment sets, round by round; nothing where they cannot be worked out."""
    value = event.args[-1]
    counters = {id(v): v for v in ancestors(value, limit=60) if v.kind == "number" and v.name == "int"}
    counter = next(iter(counters.values())) if len(counters) == 1 else None
    loop = next((r for r in event.loops if counter is not None and _counts(r, counter)), None)
    rounds = _rounds(loop) if loop is not None else None
    if rounds is None or counter is None:
        return []
    found = [_number(value, counter, at) for at in rounds]
    return [c for c in found if c is not None] if None not in found else []


def odd_factors(made: Val, count: int | None) -> Problem | None:
    """The same for the function of a LambdaLR, at the steps at which it was tried."""
    held = made.attrs.get("factors")
    if made.name != "LambdaLR" or held is None or not held.items or count is None or count < 20:
        return None
    known = [(s, i.const) for s, i in zip(PROBED, held.items, strict=False)]
    if not all(isinstance(f, (int, float)) and not isinstance(f, bool) for _, f in known):
        return None
    inside = [f for s, f in known if s < count]
    later = [f for s, f in known if s >= count]
    if min(inside) < 0:
        return _NEGATIVE
    between = zip(BETWEEN, made.attrs["between"].items or (), strict=False) if "between" in made.attrs else ()
    moves = [s for s, i in between if s < count and i.const != inside[0]]
    if moves and inside[0] != 0:
        return None  # it moves between two of the steps
    func = made.arg(1, "lr_lambda")
    body = getattr(getattr(func, "owner", None), "node", None)
    cut = body is None or any(isinstance(n, ast.FloorDiv) or getattr(n, "id", "") == "int" for n in ast.walk(body))
    beyond = [f for s, f in known if s >= 1.25 * count]
    if not cut and beyond and beyond[0] != inside[0]:
        return None  # it may fall in the last rounds, between two of the steps
    if len(inside) >= 4 and len(set(inside)) == 1 and later and set(later) != set(inside):
        return (
            f"the factor is {inside[0]:g} in all of the {moves[0] if moves else count} steps and only changes after "
            "them: an integer division (//) or a horizon beyond the run",
            "the learning rate does not move while it trains",
            "Divide with / instead of //, by the number of steps that run",
        )
    return None


def unfinished(made: Val, count: int) -> Problem | None:
    """A warm-up that goes on beyond the run, or a cosine that hardly begins, of a function that comes down to zero."""
    held, func = made.attrs.get("factors"), made.arg(1, "lr_lambda")
    body = getattr(getattr(func, "owner", None), "node", None)
    known = [(s, i.const) for s, i in zip(PROBED, held.items or (), strict=False)] if held is not None else []
    if count < 10 or body is None or not all(type(f) in (int, float) for _, f in known):
        return None
    inside, later = [f for s, f in known if s < count], [f for s, f in known if s >= count]
    top = max((*inside, *later), default=0.0)
    if len(inside) < 3 or len(later) < 2 or top <= 0 or min(later) > 0.02 * top or min(inside) < 0:
        return None
    rises = all(b > a for a, b in itertools.pairwise(inside)) and inside[-1] < 0.5 * top and later[0] > inside[-1]
    cosine = any(isinstance(n, ast.Call) and ast.unparse(n.func).rsplit(".", 1)[-1] == "cos" for n in ast.walk(body))
    rests = cosine and min(*inside[-2:], *later[:2]) >= 0.9 * top and max(inside) == top
    if not rises and not rests:
        return None
    said = f"only climbs to {inside[-1]:.2g}" if rises else f"only falls to {later[0]:.3g}"
    return (
        f"in the {count} steps of the run the factor {said}: the horizon of its function is counted in something else",
        "most of the warm-up, or of the decay, lies beyond the end of the run, so the learning rate never gets through "
        "its schedule",
        f"Lay the function out for {count} steps: epochs * batches per epoch",
    )


_NEGATIVE: Problem = (
    "the learning rate becomes negative: the formula is wrong (parentheses are missing, or the horizon is too short)",
    "a negative rate climbs the loss, and torch refuses some of them",
    "Check the formula at its last step: base_lr * (1 - step / total) ends at zero",
)


def _judge(rates: list[float], text: str) -> Problem | None:
    if min(rates) < -1e-12:
        return _NEGATIVE
    if all(b > a for a, b in itertools.pairwise(rates)) and rates[-1] > 3 * max(rates[0], 0.0):
        return (
            f"the learning rate rises in every round, from {rates[0]:g} to {rates[-1]:g}, instead of falling: {text}",
            "the run starts with (almost) no learning and ends with the largest steps",
            "Turn the formula round: base_lr * (1 - step / total)",
        )
    if len(set(rates)) == 1 and "//" in text:
        return (
            f"the learning rate is {rates[0]:g} in every round: the integer division in {text} does not change",
            "// cuts the fraction off, so the schedule stands still",
            "Divide with /",
        )
    return None


def _counts(loop: LoopRun, counter: Val) -> bool:
    """Whether a number is the running one of this loop."""
    target = getattr(loop.node, "target", None)
    return target is not None and any(n is counter.node for n in ast.walk(target))


def _rounds(loop: LoopRun) -> list[int] | None:
    over = loop.over
    if over is None or over.name != "range" or not over.args or any(type(a.const) is not int for a in over.args):
        return None
    found = range(*(a.const for a in over.args))
    return list(found) if len(found) <= 2000 else None


def _number(val: Val, counter: Val, at: int, depth: int = 0) -> float | None:
    """What a value is in one round, ``None`` where that cannot be worked out."""
    if val is counter:
        return float(at)
    if val.kind == "const":
        return float(val.const) if isinstance(val.const, (int, float)) and not isinstance(val.const, bool) else None
    if depth > 30 or not val.args or val.kwargs or val.kind == "phi":
        return None
    parts = [_number(a, counter, at, depth + 1) for a in val.args]
    known = [n for n in parts if n is not None]
    if len(known) < len(parts):
        return None
    try:
        return _apply(val, known)
    except (ArithmeticError, ValueError):
        return None


def _apply(val: Val, n: list[float]) -> float | None:
    node = val.node
    if isinstance(node, ast.BinOp) and len(n) == 2:
        kind = type(node.op)
        if kind is ast.Add:
            return n[0] + n[1]
        if kind is ast.Sub:
            return n[0] - n[1]
        if kind is ast.Mult:
            return n[0] * n[1]
        if kind is ast.Div:
            return n[0] / n[1]
        if kind is ast.FloorDiv:
            return n[0] // n[1]
        if kind is ast.Mod:
            return n[0] % n[1]
        if kind is ast.Pow and abs(n[1]) < 1e4:
            found = n[0] ** n[1]
            return found if isinstance(found, float) else None
        return None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and len(n) == 1:
        return -n[0]
    if isinstance(node, ast.Call):
        if val.name in ("cos", "sin", "exp", "sqrt", "log") and len(n) == 1:
            return float(getattr(math, val.name)(n[0]))
        if val.name in ("min", "max", "minimum", "maximum") and len(n) > 1:
            return min(n) if val.name.startswith("min") else max(n)
    return None
