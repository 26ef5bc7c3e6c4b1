"""Questions about samples and columns that two pieces of data share."""

from __future__ import annotations

import ast
from typing import Any

from seedbed.doctor.static.data_queries import chain_all
from seedbed.doctor.static.values import Val, ancestors

Cut = tuple[Val, int, "int | None", int, Val]
Bound = tuple[float, float]
Share = tuple[Val, Bound, Bound, int]
_START, _END = (0.0, 0.0), (1.0, 0.0)
_NOISE = frozenset(["randn", "randn_like", "normal", "np_randn", "np_normal", "standard_normal", "rand"])
_MANY = 1_000_000  # rows of a table whose length is not known


def slices_in(val: Val) -> list[Cut]:
    """Slices with known bounds along the first axis: the base, the range, and the id of the slice."""
    found = []
    paths = [a for a in val.args if val.name == "TensorDataset"] or [val]
    for one in [v for path in paths for v in chain_all(path)]:
        if one.name == "getitem" and len(one.args) > 1 and one.kind in ("tensor", "unknown", "list", "number"):
            key = one.args[1].items[0] if one.args[1].kind == "tuple" and one.args[1].items else one.args[1]
            if key.kind != "slice":
                continue
            low, high = key.args[0].const, key.args[1].const
            if key.args[0].is_none:
                low = 0
            if isinstance(low, int) and (isinstance(high, int) or key.args[1].is_none) and (low or high is not None):
                size = one.args[0].shape[0] if one.args[0].shape else None
                if low < 0 and size is not None:
                    low += size
                if isinstance(high, int) and high < 0 and size is not None:
                    high += size
                if low >= 0 and (high is None or high >= 0):
                    found.append((one.args[0], low, high, id(one), one))
    return [] if found and any(_made_up(path) for path in paths) else found


def _made_up(val: Val) -> bool:
    """Whether samples are drawn around the rows of a table, ``centers[labels] + noise``: each draw gives new ones."""
    noisy = False
    for one in chain_all(val):
        noisy = noisy or (one.name in ("add", "sub") and any(v.name in _NOISE for v in ancestors(one, limit=12)))
        key = one.args[1] if one.name == "getitem" and len(one.args) > 1 else None
        if noisy and key is not None and key.name in ("randint", "np_randint", "multinomial"):
            return True
    return False


def shares_in(val: Val, depth: int = 0) -> list[Share]:
    """Slices whose bounds are worked out from the length ``n``, as ``x[n - 300:]``: the base, and both bounds."""
    found: list[Share] = []
    paths = [a for a in val.args if val.name == "TensorDataset"] or [val]
    for one in [v for path in paths for v in chain_all(path)]:
        key = one.args[1] if one.name == "getitem" and len(one.args) > 1 else None
        if key is not None and key.kind == "slice" and not _of_a_row(one.args[0]):
            low = _START if key.args[0].is_none else _bound(key.args[0])
            high = _END if key.args[1].is_none else _bound(key.args[1])
            if low is not None and high is not None and (low, high) != (_START, _END):
                found.append((one.args[0], low, high, id(one)))
        elif key is not None and key.name == "getitem" and depth < 2:
            found += shares_in(key, depth + 1)  # rows picked by a part of an order
    return found


def _of_a_row(base: Val) -> bool:
    """Whether something is cut out of one sample, not out of the table."""
    return any(
        v.name == "getitem" and len(v.args) > 1 and v.args[1].kind in ("number", "const") for v in chain_all(base)
    )


def _bound(val: Val, depth: int = 0) -> Bound | None:
    """A bound as a share of the length and a number of rows beside it."""
    if depth > 12:
        return None
    if val.kind == "const":
        fits = isinstance(val.const, int | float) and not isinstance(val.const, bool)
        return (1.0 if val.const < 0 and not depth else 0.0, float(val.const)) if fits else None
    if val.name in ("int_builtin", "int", "round", "floor", "ceil") and val.args:
        return _bound(val.args[0], depth + 1)
    if val.name in ("len", "shape", "size") or (val.name == "getitem" and val.args[0].name in ("shape", "size")):
        return _END
    if val.name == "neg" and val.args:
        inner = _bound(val.args[0], depth + 1)
        return None if inner is None else ((0.0 if depth else 1.0) - inner[0], -inner[1])
    if val.name not in ("mul", "sub", "add") or len(val.args) != 2:
        return None
    one, two = _bound(val.args[0], depth + 1), _bound(val.args[1], depth + 1)
    if one is None or two is None:
        return None
    if val.name == "mul":
        factor, other = (one, two) if not one[0] else (two, one)
        return (other[0] * factor[1], other[1] * factor[1]) if not factor[0] else None
    sign = -1 if val.name == "sub" else 1
    return one[0] + sign * two[0], one[1] + sign * two[1]


def share_overlap(a: Share, b: Share) -> str:
    """What two such slices of one thing share, ``""`` when nothing or when that depends on the length."""
    bounds = [bound for cut in (a, b) for bound in cut[1:3]]
    if a[0] is not b[0] or any(not share and rows for share, rows in bounds) or all(not s for s, _ in bounds):
        return ""
    if any(x[2][0] == y[1][0] not in (0.0, 1.0) for x, y in ((a, b), (b, a))):
        return ""  # cut at one share, with some rows before it as the context of the first windows
    low = max(share * _MANY + rows for share, rows in (a[1], b[1]))
    high = min(share * _MANY + rows for share, rows in (a[2], b[2]))
    return "some rows are in both slices" if high - low > 0.5 else ""


def apart(a: list[Any], b: list[Any]) -> tuple[list[Any], list[Any]]:
    """Without the cuts that both went through before their ways parted."""
    common = {x[3] for x in a} & {y[3] for y in b}
    return [x for x in a if x[3] not in common], [y for y in b if y[3] not in common]


def context(a: Val, b: Val) -> bool:
    """Whether ``x[n - k :]`` begins a little before ``x[:n]`` ends: the context of the first windows."""
    slices = [v.node.slice if isinstance(v.node, ast.Subscript) else v.node for v in (a, b)]
    for one, other in (slices, slices[::-1]):
        low, high = getattr(one, "lower", None), getattr(other, "upper", None)
        left = low.left if isinstance(low, ast.BinOp) and isinstance(low.op, ast.Sub) else None
        if left is not None and high is not None and ast.dump(left) == ast.dump(high):
            return True
    return False


def slice_overlap(a: Cut, b: Cut) -> str:
    """What two slices of one thing share, ``""`` when nothing."""
    if a[0] is not b[0] or context(a[4], b[4]):
        return ""
    low = max(a[1], b[1])
    ends = [e for e in (a[2], b[2]) if e is not None]
    high = min(ends) if ends else None
    if high is None or low < high:
        return f"rows {low}..{(high - 1) if high is not None else 'end'} are in both"
    return ""


def overlap(trained: Val, evaluated: Val) -> str:
    """Why two data sets share samples, ``""`` when that is not known."""
    for a in trained.options():
        for b in evaluated.options():
            joined = a.args[0] if a.name == "ConcatDataset" and a.args else None
            parts = joined.items or [] if joined is not None and "each" not in joined.tags else []
            if any(i is b or (i.kind == "dataset" and overlap(i, b)) for i in parts):
                return "the evaluation data is a part of the joined training data (ConcatDataset)"
            if a is b:
                named = f" ({a.var})" if a.var else ""
                return f"both loaders use the same data set, the evaluation one wraps the training data too{named}"
            if a.name == "random_split" and b.kind in ("dataset", "list") and a.args and a.args[0] is b:
                return "the evaluation uses the whole data set, which contains the training part"
            if b.name == "random_split" and b.args and b.args[0] is a:
                return "the training uses the whole data set, which contains the evaluation part"
            if a.name == b.name == "random_split" and a.args[0] is b.args[0]:  # noqa: SIM102
                if (a.place == b.place and a.node is b.node) or a.node is not b.node:
                    return (
                        "two random splits of one data set overlap"
                        if a.node is not b.node
                        else "both use the same part"
                    )
            if (
                a.name == b.name
                and a.name in ("TensorDataset", "Subset")
                and a.args
                and b.args
                and a.args[0] is b.args[0]
            ) and a.name == "TensorDataset":
                return "both data sets hold the same tensors"
            if a.name == b.name == "TensorDataset" and a.args and b.args:
                part = [v for v in chain_all(a.args[0]) if v.name == "getitem" and v.args and v.args[0] is b.args[0]]
                if part and part[0] is a.args[0]:
                    return "the evaluation uses all rows, which contain the training rows"
            cuts, others = apart(slices_in(a), slices_in(b))
            both = [s for x in cuts for y in others if (s := slice_overlap(x, y))]
            pieces, more = apart(shares_in(a), shares_in(b))
            both += [s for p in pieces for y in more if (s := share_overlap(p, y))]
            if both and not any(v.name == "randperm" for v in ancestors(a, limit=50) if v.var == ""):
                return both[0]
            if a.name == "Subset" and b.name == "Subset" and a.args and b.args and a.args[0] is b.args[0]:
                first, second = a.arg(1, "indices"), b.arg(1, "indices")
                if first is not None and second is not None:
                    if first is second:
                        return "both subsets use the same indices"
                    spans = [_span(first), _span(second)]
                    if spans[0] and spans[1] and max(spans[0][0], spans[1][0]) < min(spans[0][1], spans[1][1]):
                        return "the index ranges of both subsets overlap"
                    if _drawn(first) != _drawn(second) and all(_drawn(i) or _span(i) for i in (first, second)):
                        return "one part is drawn at random from all rows, the other is a fixed range of them (overlap)"
            if (b.name == "Subset" and b.args and b.args[0] is a) or (a.name == "Subset" and a.args and a.args[0] is b):
                return "one data set is a part of the other"
    return ""


def _drawn(val: Val) -> bool:
    """Whether indices are a part of an order that was drawn at random."""
    return val.name == "getitem" and any(
        v.name in ("randperm", "np_permutation", "permutation", "sample") for v in ancestors(val, limit=8)
    )


_MIXES = frozenset(["random_split", "randperm", "permutation", "np_permutation", "sample", "train_test_split"])


def _span(val: Val) -> tuple[int, int] | None:
    """The numbers that a range in order gives; parts of a mixed one need not overlap."""
    for one in ancestors(val, limit=6):
        if one.name in _MIXES:
            return None
        if one.name == "range":
            numbers = [a.const for a in one.args]
            if len(numbers) == 1 and isinstance(numbers[0], int):
                return 0, numbers[0]
            if len(numbers) == 2 and all(isinstance(n, int) for n in numbers):
                return numbers[0], numbers[1]
    return None


def column_of(val: Val) -> tuple[Val, int, Val] | None:
    """The table and column that a target is, unchanged, taken from."""
    current = val
    for _ in range(10):
        if current.kind == "phi" or (
            current.name
            in (
                "float",
                "long",
                "to",
                "unsqueeze",
                "squeeze",
                "view",
                "reshape",
                "tensor",
                "from_numpy",
                "as_tensor",
                "train_test_split",
                "batch",
                "element",
                "astype",
            )
            and current.args
        ):
            current = current.args[0]
        elif current.name == "getitem" and len(current.args) > 1:
            keys = current.args[1].items if current.args[1].kind == "tuple" else None
            if keys and len(keys) == 2 and keys[0].kind == "slice" and isinstance(keys[1].const, int):
                return current.args[0], keys[1].const, current
            if (
                keys
                and len(keys) == 2
                and keys[1].kind == "slice"
                and keys[1].args[1].is_none
                and keys[1].args[0].const == -1
            ):
                return current.args[0], -1, current
            if keys is None and current.args[1].kind in ("slice", "tensor"):
                current = current.args[0]
            else:
                return None
        else:
            return None
    return None


def columns_in(val: Val, base: Val) -> tuple[int, int | None] | None:
    """The range of columns of ``base`` that an input takes as it is written, ``None`` when it takes something else."""
    current = val
    for _ in range(10):
        if current is base:
            return 0, None
        if current.kind == "phi" or (
            current.name
            in (
                "float",
                "to",
                "tensor",
                "from_numpy",
                "as_tensor",
                "train_test_split",
                "batch",
                "element",
                "astype",
                "fit_transform",
                "transform",
                "sub",
                "div",
            )
            and current.args
        ):
            current = current.args[0]
        elif current.name == "getitem" and len(current.args) > 1:
            keys = current.args[1].items if current.args[1].kind == "tuple" else None
            if keys and len(keys) == 2 and keys[1].kind == "slice" and current.args[0] is base:
                low, high = keys[1].args[0], keys[1].args[1]
                start = 0 if low.is_none else low.const
                known = isinstance(start, int) and (high.is_none or isinstance(high.const, int))
                return (start, high.const) if known and all(k.is_none for k in keys[1].args[2:]) else None
            if keys is None and current.args[1].kind in ("slice", "tensor"):
                current = current.args[0]
            else:
                return None
        else:
            return None
    return None
