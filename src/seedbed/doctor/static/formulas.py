"""Reading arithmetic: factors, summands, complements and ratios of values, whichever way they are written."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static.naming import words
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_WRAP = TRANSPARENT - {"cat", "stack", "getitem"} | {"float_builtin", "int_builtin", "long", "int", "astype", "asarray"}
_UNIT = frozenset(["mean", "sum", "scaled", "nanmean", "nansum"])


def core(val: Val) -> Val:
    """``val`` without layout, type and device changes; a merge gives its only branch that is not ``None``."""
    for _ in range(40):
        if val.kind == "phi":
            options = [o for o in val.options() if not o.is_none]
            if len(options) != 1:
                return val
            val = options[0]
        elif val.kind in ("tensor", "number", "unknown") and val.name in _WRAP and val.args:
            val = val.args[0]
        else:
            return val
    return val


def same(a: Val, b: Val) -> bool:
    """Whether two values are certainly the same thing: one object, equal constants, or the same items of one thing."""
    a, b = core(a), core(b)
    if a is b:
        return True
    if a.kind == "const" and b.kind == "const":
        return type(a.const) is type(b.const) and bool(a.const == b.const)
    if a.kind in ("tensor", "number", "unknown") and a.kind == b.kind and a.name == b.name and a.args:
        if len(a.args) != len(b.args) or a.name in ("forward", "randn", "rand", "randperm", "dropout", "batch", "part"):
            return False
        return a.name in _PURE and all(same(x, y) for x, y in zip(a.args, b.args, strict=True))
    return False


_PURE = frozenset(
    [
        "add",
        "sub",
        "mul",
        "div",
        "neg",
        "pow",
        "square",
        "exp",
        "log",
        "sqrt",
        "abs",
        "sum",
        "mean",
        "compare",
        "size",
        "len",
        "getitem",
        "sigmoid",
        "softmax",
        "softplus",
    ]
)


def complement(val: Val) -> Val | None:
    """``w`` when the value is ``1 - w``."""
    val = core(val)
    if val.name in ("sub", "rsub") and len(val.args) == 2:
        one, other = val.args if val.name == "sub" else val.args[::-1]
        if (one.kind == "const" and one.const in (1, 1.0)) or one.name == "ones_like":
            return other
    if val.name == "add" and len(val.args) == 2:
        for one, other in (val.args, val.args[::-1]):
            if one.kind == "const" and one.const in (1, 1.0) and other.name == "neg" and other.args:
                return other.args[0]
    return None


def factors(val: Val, power: int = 1, depth: int = 0) -> list[tuple[Val, int]]:
    """The factors of a product or quotient, each with the sign of its power; negation is a factor too."""
    inner = core(val)
    if depth < 12 and inner.name in ("mul", "multiply", "div", "true_divide") and len(inner.args) >= 2:
        other = power if inner.name in ("mul", "multiply") else -power
        return factors(inner.args[0], power, depth + 1) + factors(inner.args[1], other, depth + 1)
    if depth < 12 and inner.name == "neg" and inner.args:
        return factors(inner.args[0], power, depth + 1)
    return [(inner, power)]


Choices = tuple[tuple[int, int], ...]  # branches of merges: which merge, which of its options


def summands(val: Val, sign: int = 1) -> list[tuple[int, Val]]:
    """The terms of a sum with their signs; means, sums and constant factors around it are seen through."""
    return [(sign, term) for sign, term, _ in chosen_terms(val, sign)]


def chosen_terms(val: Val, sign: int = 1, when: Choices = (), depth: int = 0) -> list[tuple[int, Val, Choices]]:
    """The same, each term with the branches of merges that it stands in: those of two branches are never added."""
    inner = core(val)
    if depth > 20:
        return [(sign, inner, when)]
    if inner.kind == "phi":
        branches = enumerate(inner.options())
        return [t for i, o in branches for t in chosen_terms(o, sign, (*when, (id(inner), i)), depth + 1)]
    parts: list[tuple[int, Val]] = []
    if inner.name in ("add", "Add", "sub") and len(inner.args) == 2:
        parts = [(sign, inner.args[0]), (-sign if inner.name == "sub" else sign, inner.args[1])]
    elif inner.name == "neg" and inner.args:
        parts = [(-sign, inner.args[0])]
    elif inner.name in _UNIT and inner.args and inner.args[0].kind in ("tensor", "phi", "number"):
        parts = [(sign, inner.args[0])]
    elif inner.name in ("sum",) and inner.args and inner.args[0].items:
        parts = [(sign, item) for item in inner.args[0].items]
    elif inner.name in ("mul", "div") and len(inner.args) == 2:
        for number, rest in ((inner.args[1], inner.args[0]), (inner.args[0], inner.args[1])):
            if number.kind == "const" and isinstance(number.const, (int, float)) and rest.kind != "const":
                if inner.name == "div" and rest is inner.args[1]:
                    continue
                if number.const == 0:
                    return []  # a term that is switched off
                parts = [(-sign if number.const < 0 else sign, rest)]
                break
    return [t for s, part in parts for t in chosen_terms(part, s, when, depth + 1)] if parts else [(sign, inner, when)]


def together(one: Choices, other: Choices) -> bool:
    """Whether two terms are certainly in one sum: the one is there wherever the other is."""
    return set(one) <= set(other) or set(other) <= set(one)


def made_by(val: Val, *names: str, limit: int = 60) -> Val | None:
    """The first operation of these names that ``val`` is made from through wrappers, sums and means."""
    stack, seen = [val], set[int]()
    while stack and len(seen) < limit:
        one = core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name in names:
            return one
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.name in _UNIT or one.name in ("getitem", "clamp", "clip", "relu"):
            stack.extend(one.args[:1])
    return None


def loss_value(val: Val, reduced: bool = True) -> Val | None:
    """The library loss that ``val`` is (wrappers seen through), if it is averaged to one number."""
    one = core(val)
    if one.name != "loss" or one.kind != "tensor" or not any(t.endswith("Loss") for t in one.tags):
        return None
    how = next((t for t in one.tags if t.startswith("reduction=")), "reduction=mean")
    return one if not reduced or how == "reduction=mean" else None


def from_model(val: Val, limit: int = 300) -> bool:
    """Whether a value is made from the output of a module."""
    return any(
        v.owner is not None and v.kind == "tensor" and v.name not in ("loss", "custom")
        for v in ancestors(val, limit=limit)
    )


def said(val: Val, limit: int = 12) -> set[str]:
    """The words of the names of a value and of what it was made from by one input."""
    found: set[str] = set()
    current: Val | None = val
    for _ in range(limit):
        if current is None:
            break
        found |= set(words(current.var))
        if current.name in ("getitem", "part") or current.kind not in ("tensor", "number", "unknown"):
            break
        current = current.args[0] if current.args else None
    return found


def every(root: Val, *names: str) -> Iterator[Val]:
    """All operations of these names under ``root``."""
    for val in ancestors(root):
        if val.name in names and val.kind in ("tensor", "number", "unknown"):
            yield val


def plain_terms(val: Val, sign: int = 1, depth: int = 0) -> list[tuple[int, Val]]:
    """Summands, but sums over elements stay as they are."""
    one = core(val)
    if depth < 10 and one.name in ("add", "sub") and len(one.args) == 2:
        other = sign if one.name == "add" else -sign
        return plain_terms(one.args[0], sign, depth + 1) + plain_terms(one.args[1], other, depth + 1)
    if one.name in ("clamp", "clamp_min", "clip", "maximum") and one.args:
        return plain_terms(one.args[0], sign, depth + 1)
    return [(sign, one)]


def class_weight(name: str, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val | None:
    """The class weights that a call of a loss (or its constructor) gets, by position or by name."""
    place = {"CrossEntropyLoss": 0, "NLLLoss": 0, "cross_entropy": 2, "nll_loss": 2}.get(name.rsplit(".", 1)[-1])
    given = kwargs.get("weight", args[place] if place is not None and len(args) > place else None)
    return None if given is None or given.is_none else given


def weighed(val: Val, weight: float | None = 1.0, depth: int = 0) -> list[tuple[Val, float | None]]:
    """The terms of a sum with their constant factors; ``None`` for a factor that is not a constant."""
    one = core(val)
    if depth < 12 and one.name == "add" and len(one.args) == 2:
        return weighed(one.args[0], weight, depth + 1) + weighed(one.args[1], weight, depth + 1)
    if depth < 12 and one.name == "sub" and len(one.args) == 2:
        other = -weight if weight is not None else None
        return weighed(one.args[0], weight, depth + 1) + weighed(one.args[1], other, depth + 1)
    if one.name == "mul" and len(one.args) == 2 and depth < 12:
        for factor, rest in (one.args, one.args[::-1]):
            if factor.kind == "const" and isinstance(factor.const, (int, float)):
                return weighed(rest, weight * factor.const if weight is not None else None, depth + 1)
            if not factor.grad and rest.grad:
                return weighed(rest, None, depth + 1)
    if one.name in ("div", "true_divide") and len(one.args) == 2 and depth < 12 and one.args[1].kind == "const":
        number = one.args[1].const
        if isinstance(number, (int, float)) and number:
            return weighed(one.args[0], weight / number if weight is not None else None, depth + 1)
    return [(one, weight)]
