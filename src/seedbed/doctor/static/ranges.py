"""Questions about the range of values: signs and bounds."""

from __future__ import annotations

from seedbed.doctor.static.queries import flat
from seedbed.doctor.static.values import Val, ancestors

_SIGNED = frozenset(
    [
        "sin",
        "cos",
        "randn",
        "randn_like",
        "np_randn",
        "np_normal",
        "normal",
        "standard_normal",
        "neg",
        "sub",
    ]
)
_POSITIVE = frozenset(
    [
        "abs",
        "square",
        "exp",
        "relu",
        "softplus",
        "sigmoid",
        "rand",
        "softmax",
        "sqrt",
        "compare",
        "one_hot",
    ]
)
_MIXING = frozenset(
    [
        "mul",
        "add",
        "matmul",
        "sum",
        "mean",
        "div",
        "getitem",
        "view",
        "unsqueeze",
        "squeeze",
        "reshape",
        "batch",
        "element",
        "float",
        "prod",
        "stack",
        "cat",
        "tensor",
        "to",
        "from_numpy",
        "astype",
        "forward",
        "train_test_split",
        "ascontiguousarray",
        "asarray",
        "array",
        "as_tensor",
        "flatten",
        "ravel",
    ]
)


def can_be_negative(val: Val) -> bool | None:
    """Whether data can be negative: ``None`` when that is not known."""
    stack: list[Val] = [val]
    seen: set[int] = set()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.name == "linspace":
            low = one.number(0, "start")
            return low < 0 if isinstance(low, (int, float)) else None
        elif one.name in _SIGNED or _standardised(one):
            return True
        elif one.name in _POSITIVE:
            return False
        elif one.name == "pow":
            power = one.number(1, "exponent")
            if power == 2:
                return False
            stack.extend(one.args[:1])
        elif one.name in _MIXING:
            stack.extend(a for a in flat(one.args) if a.kind in ("tensor", "phi", "list"))
    return None


def _standardised(val: Val) -> bool:
    """Whether a scaler of scikit-learn gave values around zero."""
    return val.name in ("transform", "fit_transform") and any(
        o.name in ("StandardScaler", "PowerTransformer", "RobustScaler") for a in val.args for o in a.options()
    )


def unbounded(val: Val) -> bool:
    """Whether data can be larger than one."""
    return any(
        v.name in ("randn", "np_randn", "normal", "np_normal", "matmul", "sum")
        or (v.name == "mul" and any(isinstance(a.const, (int, float)) and abs(a.const) > 1 for a in v.args))
        for v in ancestors(val)
    )
