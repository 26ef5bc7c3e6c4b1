"""Losses that rank one score above another, and which of the scores are those of items drawn at random."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import training
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_DRAWS = frozenset(
    ["randint", "choice", "multinomial", "integers", "np_randint", "np_choice", "randint_like", "randrange", "choices"]
)
THROUGH = (TRANSPARENT - {"getitem", "cat", "stack"}) | {"batch", "int_builtin", "tensor", "as_tensor", "from_numpy"}


def pairs(loss: Val) -> Iterator[tuple[Val, Val, Val]]:
    """The scores that a ranking loss raises and lowers, and the difference of both."""
    for one in ancestors(loss, limit=60):
        gap = _difference(one.args[0]) if one.name in ("clamp", "clamp_min") and one.args and one.grad else None
        if gap is not None and loss.name != "neg":
            yield gap[1], gap[0], gap[2]
    for sign, term in _terms(loss):
        one = term
        while one.name in ("log", "clamp", "add") and one.args and one.name != "sub":
            inner = [a for a in one.args if a.grad]
            if len(inner) != 1:
                break
            one = inner[0]
        if (
            one.name == "loss"
            and one.tags & {"MarginRankingLoss"}
            and len(one.args) > 2
            and one.args[2].const in (1, -1)
        ):
            pair = one.args[:2] if one.args[2].const == 1 else one.args[1::-1]
            yield pair[0], pair[1], one
            continue
        rises = one.name in ("logsigmoid", "sigmoid", "softplus", "relu", "exp", "LogSigmoid", "Softplus", "ReLU")
        gap = _difference(one.args[0]) if rises and one.args else None
        if gap is not None:
            up, down, val = gap
            yield (up, down, val) if sign < 0 else (down, up, val)


def _terms(loss: Val, depth: int = 0) -> Iterator[tuple[int, Val]]:
    """The terms of a loss with their signs, also where the model itself returns the loss."""
    for sign, term in training.signed_terms(loss):
        inner = term.args[0] if term.name == "forward" and term.args and depth < 4 else None
        if inner is not None and inner.kind == "tensor" and inner.owner is None:
            yield from ((sign * s, t) for s, t in _terms(inner, depth + 1))
        else:
            yield sign, term


def _difference(val: Val) -> tuple[Val, Val, Val] | None:
    """``a - b``, perhaps with a margin or a factor: what grows with it, what it falls with, and the value."""
    plus: list[Val] = []
    minus: list[Val] = []
    stack, whole = [(1, val)], val
    while stack:
        sign, one = stack.pop()
        if one.name == "sub" and len(one.args) == 2:
            stack += [(sign, one.args[0]), (-sign, one.args[1])]
            whole = one
        elif one.name == "add" and len(one.args) == 2:
            stack += [(sign, a) for a in one.args]
        elif one.name == "neg" and one.args:
            stack.append((-sign, one.args[0]))
        elif one.grad:
            (plus if sign > 0 else minus).append(one)
    return (plus[0], minus[0], whole) if len(plus) == 1 and len(minus) == 1 else None


def from_drawn(val: Val) -> bool:
    """Whether a table of items is read at places that were drawn at random on the spot."""
    return any(drawn_from(i) is not None for i in inputs(val))


def inputs(val: Val) -> list[Val]:
    """What the embeddings under a score are asked for."""
    return [v.args[0] for v in ancestors(val, limit=200) if v.name == "Embedding" and v.kind == "tensor" and v.args]


def drawn_from(val: Val) -> Val | None:
    """The draw on the spot that places in a table are, if they are one."""
    one = val
    for _ in range(12):
        if one.name in _DRAWS:
            return one
        if one.name not in THROUGH or not one.args:
            return None
        one = one.args[0]
    return None
