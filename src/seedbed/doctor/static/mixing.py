"""Mixup: how inputs are mixed with a permutation of themselves, and how the loss weighs the labels."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.values import Val, ancestors, const

_ORDERS = ("randperm", "np_permutation", "permutation")


def mistakes(root: Val) -> Iterator[tuple[Val, str, Val]]:
    """The mixes under a loss whose labels do not fit: the mix, what is wrong, and where."""
    losses = [v for v in ancestors(root) if f.loss_value(v, reduced=False) is not None and len(v.args) >= 2]
    mixed = [(v, m) for v in losses if (m := _mix_of(v.args[0])) is not None]
    if not mixed:
        return
    mix, (lam, order) = mixed[0][1]
    terms = [t for t in _terms(root) if any(t[1] is v for v, _ in mixed)]
    if len(mixed) == 1 or not terms:
        yield from _one_loss(mixed[0][0], mix, lam, order)
        return
    moved = [(w, v) for w, v in terms if any(_moved(v.args[1], o.args[1]) for _, o in terms if o is not v)]
    plain = [(w, v) for w, v in terms if not any(v is m for _, m in moved)]
    if len(terms) == 2 and len(plain) == 2:
        if f.same(plain[0][1].args[1], plain[1][1].args[1]):
            yield mix, "same", plain[1][1]
        return
    if len(plain) != 1 or len(moved) != 1:
        return
    if order is not None and _order_of(moved[0][1].args[1]) is not order:
        yield mix, "other", moved[0][1]
        return
    weight, other = plain[0][0], moved[0][0]
    if _is(weight, lam, True) or _is(other, lam, False):
        yield mix, "swapped", plain[0][1]


def _moved(val: Val, base: Val) -> bool:
    """Whether ``val`` is ``base`` in another order."""
    bases = _rounds(base)
    return all(_order_of(o) is not None and any(f.same(o.args[0], b) for b in bases) for o in _rounds(val))


def _rounds(val: Val) -> list[Val]:
    """What a value is: for the merge of the rounds of a generator, what each round gives; for others itself."""
    one = f.core(val)
    options = [f.core(o) for o in one.options()]
    return options if len({id(o.node) for o in options}) == 1 else [one]


def _is(weights: list[Val], lam: Val, inverse: bool) -> bool:
    """Whether the factors of a term are ``lam`` (or ``1 - lam``)."""
    return any(_complementary(one, lam) if inverse else f.same(one, lam) for one in weights)


def _complementary(one: Val, other: Val) -> bool:
    """Whether two weights sum to one."""
    if one.kind == "const" and other.kind == "const":
        pair = (one.const, other.const)
        return all(isinstance(n, float) for n in pair) and pair[0] != pair[1] and abs(sum(pair) - 1) < 1e-9
    return any((less := f.complement(a)) is not None and f.same(less, b) for a, b in ((one, other), (other, one)))


def _one_loss(loss: Val, mix: Val, lam: Val, order: Val | None) -> Iterator[tuple[Val, str, Val]]:
    """A loss with one target: it must be mixed too, in the same way."""
    target = f.core(loss.args[1])
    own = _mix(target)
    if own is not None:
        if _is([own[0]], lam, True):
            yield mix, "swapped", target
        elif own[1] is not None and order is not None and own[1] is not order:
            yield mix, "other", target
        return
    if target.name in ("batch", "element", "part", "getitem", "one_hot") and not any(
        v.name in ("mul", "add", "where") or v.kind == "phi" for v in ancestors(target, limit=12)
    ):
        yield mix, "unmixed", loss


def _terms(root: Val) -> list[tuple[list[Val], Val]]:
    """The weighted losses of a sum: factors and loss."""
    found = []
    tops = [_unwrapped(f.core(o)) for o in f.core(root).options()]
    sums = [[f.factors(t) for _, t in f.plain_terms(top)] for top in tops if top.name != "lerp"]
    for parts in [*(t for terms in sums for t in terms), *(t for top in tops for t in _between(top))]:
        inner = [_unwrapped(v) for v, power in parts if power > 0]
        losses = [v for v in inner if f.loss_value(v, reduced=False) is not None]
        if len(losses) == 1:
            found.append(([v for v in inner if v is not losses[0]], losses[0]))
    return found


def _between(val: Val) -> list[list[tuple[Val, int]]]:
    """The factors of both terms of ``torch.lerp(a, b, w)``, which is ``(1 - w) * a + w * b``."""
    if val.name != "lerp" or len(val.args) + len(val.kwargs) != 3 or len(val.args) < 2:
        return []
    weight = f.core(val.arg(2, "weight") or val)
    rest = f.complement(weight)
    if rest is None:
        rest = Val("number", "sub", val.node, val.src)
        rest.args = (const(1, val.node, val.src), weight)
    return [[(f.core(rest), 1), (f.core(val.args[0]), 1)], [(weight, 1), (f.core(val.args[1]), 1)]]


def _unwrapped(val: Val) -> Val:
    while val.name in ("mean", "sum") and val.args:
        val = f.core(val.args[0])
    return val


def _mix_of(output: Val) -> tuple[Val, tuple[Val, Val | None]] | None:
    """The mix that a model's output was computed from."""
    for val in ancestors(output, limit=400):
        if val.name == "forward" and val.kind == "tensor":
            continue
        found = _mix(val) if val.name in ("add", "lerp") else None
        if found is not None:
            return val, found
    return None


def _mix(val: Val) -> tuple[Val, Val | None] | None:
    """``lam`` and the permutation of ``lam * x + (1 - lam) * x[perm]``."""
    terms = _between(val) or ([f.factors(a) for a in val.args] if val.name == "add" and len(val.args) == 2 else [])
    for a, b in (terms, terms[::-1]) if terms else ():
        if len(a) != 2 or len(b) != 2:
            continue
        for (w, x), (v, y) in (((a[i], a[1 - i]), (b[j], b[1 - j])) for i in (0, 1) for j in (0, 1)):
            left, right = w[0], v[0]
            fits = _complementary(left, right)
            if fits and _moved(y[0], x[0]):
                return left, _order_of(y[0])
    return None


def _order_of(val: Val) -> Val | None:
    """The permutation that a value is indexed with, or what stands for it (``flip``)."""
    one = _rounds(val)[0]
    if one.name == "getitem" and len(one.args) > 1:
        key = f.core(one.args[1])
        if key.kind == "tuple" and key.items and all(k.kind == "slice" for k in key.items[1:]):
            key = f.core(key.items[0])
        return (
            key if key.name in _ORDERS or (key.kind in ("tensor", "unknown") and key.name not in ("slice",)) else None
        )
    if one.name in ("flip", "roll"):
        return one
    return None
