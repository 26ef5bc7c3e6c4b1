"""Latent codes that are drawn from classes: the divergence ``sum(q * (log q - log prior))`` of such a code."""

from __future__ import annotations

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.values import Val, ancestors

_DRAWS = frozenset(
    ["gumbel_softmax", "rsample", "rand", "rand_like", "exponential_", "uniform_", "empty_like", "Gumbel"]
)
_EDGES = frozenset(["clamp", "clamp_min", "clip", "clamp_max"])


def maximised(terms: list[tuple[int, Val]]) -> Val | None:
    """A divergence to a fixed prior that is taken off the loss, where another term draws the code it is of."""
    for sign, term in terms:
        logits = _divergence(term, terms) if sign < 0 else None
        if logits is None:
            continue
        for _, other in terms:
            if other is term:
                continue
            behind = list(ancestors(other, limit=2000))
            if any(v is logits for v in behind) and any(v.name in _DRAWS for v in behind):
                return term
    return None


def _divergence(term: Val, terms: list[tuple[int, Val]]) -> Val | None:
    """The scores of the classes when a term is ``q * (log q - log prior)``, or its first part beside the second."""
    if term.name != "mul" or len(term.args) != 2 or not term.grad:
        return None
    for share, logs in (term.args, term.args[::-1]):
        logits = _shared(share)
        if logits is None:
            continue
        inner, against = f.core(logs), False
        if inner.name in ("sub", "add") and len(inner.args) == 2 and inner.args[0].grad and not inner.args[1].grad:
            inner, against = f.core(inner.args[0]), True
        found, scaled = _logged(inner)
        if found is not logits:
            continue
        beside = any(t is not term and _shared(t) is logits for _, t in terms)  # q * log(prior): the factor is fixed
        if against or scaled or beside:
            return logits
    return None


def _shared(val: Val) -> Val | None:
    """The scores of which a value is the softmax."""
    one = f.core(val)
    for _ in range(4):
        shifted = one.name == "add" and len(one.args) == 2 and one.args[1].kind == "const"
        if shifted or (one.name in _EDGES and one.args):
            one = f.core(one.args[0])
    if one.name in ("softmax", "Softmax") and one.args:
        return f.core(one.args[0])
    if one.name == "exp" and one.args:
        inner = f.core(one.args[0])
        return f.core(inner.args[0]) if inner.name in ("log_softmax", "LogSoftmax") and inner.args else None
    return None


def _logged(one: Val) -> tuple[Val | None, bool]:
    """The scores of which a value is the logarithm of the softmax, and whether that is compared with a constant."""
    if one.name in ("log_softmax", "LogSoftmax") and one.args:
        return f.core(one.args[0]), False
    if one.name != "log" or not one.args:
        return None, False
    inner = f.core(one.args[0])
    if inner.name == "add" and len(inner.args) == 2 and inner.args[1].kind == "const":
        inner = f.core(inner.args[0])
    if inner.name in ("mul", "div") and len(inner.args) == 2:
        fixed = [a for a in inner.args if not a.grad]
        rest = [a for a in inner.args if a.grad]
        if len(fixed) == len(rest) == 1 and (inner.name == "mul" or rest[0] is inner.args[0]):
            return _shared(rest[0]), True
    return _shared(inner), False
