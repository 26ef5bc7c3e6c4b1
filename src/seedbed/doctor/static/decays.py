"""Weight decay in an update that is written by hand: whether it pulls the weights to zero or pushes them away."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_NAMES = {"decay", "wd", "l2"}
_OTHER = {"lr", "rate", "ema", "beta", "momentum", "mom", "average", "avg", "learning"}
_TIMES = ("Mult", "mul_")
_SUMS = {"add": 1, "sub": -1, "Add": 1, "add_": 1, "sub_": -1}


def growing(p: Program) -> Iterator[tuple[Event, Val]]:
    """Updates that add a share of the weight itself, with what is added."""
    for event in p.once("augment", "inplace"):
        if event.recv is None or not event.args:
            continue
        mine = {id(v) for v in q.memory(event.recv) if v.kind != "group"}
        if not mine:
            continue
        change = _change(event)
        if event.name == "copy_" and not any(s > 0 and {id(v) for v in q.memory(t)} & mine for s, t in change):
            continue  # decay * e + (1 - decay) * p: an average, nothing is added to the weight itself
        grows = next((t for sign, t in change if sign * _sign(t, mine, event) > 0), None)
        if grows is not None:
            yield event, grows


def _change(event: Event) -> list[tuple[int, Val]]:
    """The terms that an update adds to what it changes; of ``p.mul_(1 + lr * decay)`` the share that is added."""
    given = event.args[0]
    if event.name in _TIMES:
        top = f.core(given)
        parts = [(s, t) for s, t in _terms(top) if t.const not in (1, 1.0)] if top.name in _SUMS else []
        return parts if len(parts) == 1 else []
    sign = {"Sub": -1, "sub_": -1, "Add": 1, "add_": 1, "copy_": 1}.get(event.name, 0)
    return [(sign * s, t) for s, t in _terms(given)] if sign and len(event.args) == 1 else []


def _terms(val: Val, sign: int = 1, depth: int = 0) -> Iterator[tuple[int, Val]]:
    """The terms of a sum with their signs; factors in front of a sum are followed into it."""
    one = f.core(val)
    if depth < 12 and one.name in _SUMS and len(one.args) == 2 and not one.kwargs:
        yield from _terms(one.args[0], sign, depth + 1)
        yield from _terms(one.args[1], sign * _SUMS[one.name], depth + 1)
    elif depth < 12 and one.name == "neg" and one.args:
        yield from _terms(one.args[0], -sign, depth + 1)
    elif depth < 12 and one.name == "mul" and len(one.args) == 2 and any(f.core(a).name in _SUMS for a in one.args):
        inner, factor = one.args if f.core(one.args[0]).name in _SUMS else one.args[::-1]
        turn, known = _scalar(factor)
        if known:
            yield from _terms(inner, sign * turn, depth + 1)
    else:
        yield sign, one


def _sign(term: Val, mine: set[int], event: Event) -> int:
    """The sign of ``rate * decay * weight``; 0 for what is not surely such a product."""
    alpha = event.kwargs.get("alpha")
    given = [term] if alpha is None else [term, alpha]
    sign, own, decays = 1, 0, 0
    for factor, power in (pair for part in given for pair in f.factors(part)):
        if {id(v) for v in q.memory(factor)} & mine:
            own += power
            continue
        turn, known = _scalar(factor)
        if not known:
            return 0
        sign *= turn
        decays += power if _is_decay(factor) else 0
    for part in given:
        sign *= (-1) ** sum(1 for v in _products(part) if v.name == "neg")
    if event.name in _TIMES:
        return sign if own == 0 and decays == 1 else 0
    alone = alpha is not None and f.core(term) is term and alpha.kind == "const"  # w.add_(w, alpha=0.01)
    return sign if own == 1 and (decays == 1 or alone) else 0


def _products(val: Val, depth: int = 0) -> Iterator[Val]:
    """The parts of a product, with the negations that ``factors`` sees through."""
    one = f.core(val)
    yield one
    if depth < 12 and one.name in ("mul", "multiply", "div", "true_divide", "neg"):
        for part in one.args:
            yield from _products(part, depth + 1)


def _scalar(val: Val) -> tuple[int, bool]:
    """The sign of a rate or of a number, and whether that is sure: what is called a rate or a decay is positive."""
    one = f.core(val)
    if one.kind == "const":
        number = one.const
        plain = isinstance(number, (int, float)) and not isinstance(number, bool) and number != 0
        return (1 if plain and number > 0 else -1), plain
    if one.name == "neg" and one.args:
        turn, known = _scalar(one.args[0])
        return -turn, known
    if one.name in ("mul", "div", "true_divide") and len(one.args) == 2:
        first, second = _scalar(one.args[0]), _scalar(one.args[1])
        return first[0] * second[0], first[1] and second[1]
    return 1, bool(_said(one) & (_NAMES | {"lr", "rate", "eta"}))


def _is_decay(val: Val) -> bool:
    said = _said(val)
    return bool(said & _NAMES) and not said & _OTHER


def _said(val: Val) -> set[str]:
    """The words of a value's name, or of the option that it was looked up by."""
    key = val.args[1].const if val.name == "getitem" and len(val.args) == 2 else None
    return set(words(key if isinstance(key, str) else val.var or val.name))
