"""Formulas of diffusion models: what a factor is made of, and the mixture of data and noise."""

from __future__ import annotations

from dataclasses import dataclass

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.values import Val, ancestors

NOISE = frozenset(["randn_like", "randn", "normal", "np_randn", "np_normal", "standard_normal"])
_LAYOUT = frozenset(
    ["getitem", "gather", "index_select", "unsqueeze", "view", "reshape", "expand", "to", "float", "take", "squeeze",
     "tensor", "as_tensor", "from_numpy", "flatten", "part", "element", "clone", "detach", "repeat", "view_as",
     "contiguous", "expand_as", "cuda", "cpu", "item"]
)  # fmt: skip


@dataclass(frozen=True)
class Share:
    """A factor made of the cumulative product: ``alpha_bar`` itself or ``1 - alpha_bar``, with its root or without."""

    rest: bool  # 1 - alpha_bar
    rooted: bool


@dataclass(frozen=True)
class Mixture:
    """``of_data * data + of_noise * noise``."""

    of_data: Share
    of_noise: Share
    data: Val
    noise: Val


def bare(val: Val) -> Val:
    """A value without what only picks, moves or reshapes it."""
    for _ in range(20):
        if val.name in _LAYOUT and val.args and val.kind in ("tensor", "number", "unknown"):
            val = val.args[0]
        elif f.core(val) is not val:
            val = f.core(val)
        else:
            break
    return val


def share(val: Val) -> Share | None:
    """What a factor is, ``None`` where it is not made of a cumulative product alone."""
    one, rooted = bare(val), False
    if (one.name in ("sqrt", "sqrt_") and one.args) or (one.name == "pow" and one.number(1, "exponent") == 0.5):
        one, rooted = bare(one.args[0]), True
    rest = False
    if one.name in ("sub", "rsub") and len(one.args) == 2 and one.args[0].const in (1, 1.0):
        one, rest = bare(one.args[1]), True
    if one.name == "pow" and one.number(1, "exponent") == 2:
        return None
    if one.name != "cumprod" or not one.args:
        return None
    if any(v.name in ("sqrt", "pow", "rsqrt") for v in ancestors(one.args[0], limit=60)):
        return None  # a product of roots, or a schedule of another kind
    return Share(rest, rooted)


def mixture(val: Val) -> Mixture | None:
    """A sum of data and noise, each with its share."""
    found: list[tuple[Share, Val]] = []
    for term in val.args:
        parts = [v for v, power in f.factors(term) if power > 0]
        shares = [(s, v) for v in parts if (s := share(v)) is not None]
        others = [v for v in parts if share(v) is None]
        if len(parts) != 2 or len(shares) != 1 or len(others) != 1:
            return None
        found.append((shares[0][0], others[0]))
    if len(found) != 2 or found[0][0].rest == found[1][0].rest:
        return None
    data, noise = sorted(found, key=lambda one: one[0].rest)
    if bare(noise[1]).name not in NOISE or bare(data[1]) is bare(noise[1]):
        return None
    return Mixture(data[0], noise[0], data[1], noise[1])


def key(val: Val) -> Val | None:
    """The random steps at which a schedule is read."""
    stack, seen = [val], 0
    while stack and seen < 30:
        one = stack.pop()
        seen += 1
        if one.name == "getitem" and len(one.args) > 1:
            for part in one.args[1].items or [one.args[1]]:
                if f.core(part).name == "randint":
                    return f.core(part)
        stack.extend(one.args[:2])
    return None
