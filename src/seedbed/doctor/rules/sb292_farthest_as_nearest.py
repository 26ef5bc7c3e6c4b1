"""The farthest items are taken for the nearest ones.

## What it does

Finds a search for neighbours that sorts the wrong way round: `topk` or `argmax` of distances, `argmin` of
similarities, where the labels of what was found are compared with the true ones.

## Why is this bad

The items that are found are the least alike. Recall, retrieval or k-nearest-neighbour accuracy is about what
chance gives, or worse, however good the embedding is.

## Example

```python
net = nn.Linear(8, 4)
gallery, labels = torch.randn(100, 8), torch.randint(0, 5, (100,))
queries, truth = torch.randn(20, 8), torch.randint(0, 5, (20,))
with torch.no_grad():
    distance = torch.cdist(net(queries), net(gallery))
found = distance.topk(5, dim=1).indices
print((labels[found] == truth[:, None]).any(1).float().mean())
```

## Use instead

```python
net = nn.Linear(8, 4)
gallery, labels = torch.randn(100, 8), torch.randint(0, 5, (100,))
queries, truth = torch.randn(20, 8), torch.randint(0, 5, (20,))
with torch.no_grad():
    distance = torch.cdist(net(queries), net(gallery))
found = distance.topk(5, dim=1, largest=False).indices
print((labels[found] == truth[:, None]).any(1).float().mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_DISTANCES = frozenset(
    ["cdist", "pairwise_distance", "PairwiseDistance", "euclidean_distances", "pairwise_distances", "dist"]
)
_SAME_WAY = frozenset(["sqrt", "square", "pow", "exp", "log", "clamp", "clamp_min", "relu", "add", "mul", "div"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for _, first, second in measures.equalities(p):
        for side in (first, second):
            pick = _picked(side) or (_search(side) if _counts_up(second if side is first else first) else None)
            if pick is None or not pick.args or id(pick.node) in seen:
                continue
            kind, largest = _direction(pick.args[0]), _largest(pick, side)
            if largest is None or kind == 0 or largest == (kind < 0):
                continue
            seen.add(id(pick.node))
            what, how = ("distances", "farthest") if kind > 0 else ("similarities", "least similar")
            yield p.report(
                "SB292",
                pick,
                f"the {how} items are taken for the nearest: {'the largest' if largest else 'the smallest'} {what} "
                "are picked",
                why="the labels that are compared belong to the items least alike, so the score says nothing",
                fix="Use topk(k, largest=False) or argmin for distances, topk(k) or argmax for similarities",
            )


def _counts_up(val: Val) -> bool:
    """Whether the other side is 0, 1, 2, ...: the place of the partner in a gallery."""
    return f.core(val).name == "arange"


def _picked(val: Val) -> Val | None:
    """The search whose result picked the labels in a comparison: ``labels[found]``, its mode or its slices."""
    one = f.core(val)
    for _ in range(10):
        if one.name == "getitem" and len(one.args) == 2:
            key = _search(one.args[1])
            if key is not None:
                return key
            one = f.core(one.args[0])
        elif one.name in ("mode", "part", "mode_indices", "squeeze") and one.args:
            one = f.core(one.args[0])
        elif one.name in ("gather", "take", "index_select", "take_along_axis", "take_along_dim") and one.args:
            return next((k for a in one.args[1:] if (k := _search(a)) is not None), None)
        else:
            return None
    return None


def _search(key: Val) -> Val | None:
    one = f.core(key)
    for _ in range(4):
        if one.name in ("topk_indices", "argmax", "argmin", "min_indices", "argsort", "sort_indices"):
            return one if one.kind == "tensor" and one.args else None
        if one.name not in ("getitem", "element", "part") or not one.args:
            return None
        one = f.core(one.args[0])
    return None


def _direction(val: Val, depth: int = 0) -> int:
    """1 for a distance, -1 for a similarity, 0 where neither is certain."""
    one = f.core(val)
    if depth > 8:
        return 0
    if one.name in _DISTANCES:
        return 1
    if one.name in ("cosine_similarity", "CosineSimilarity"):
        return -1
    if one.name in ("norm", "vector_norm", "linalg_norm", "sum") and one.args:
        inner = f.core(one.args[0])
        power = inner.name in ("pow", "square", "abs") and bool(inner.args)
        if one.name == "sum" and not power:
            return 0
        return 1 if (f.core(inner.args[0]) if power else inner).name == "sub" else 0
    if one.name == "matmul" and len(one.args) == 2:
        left, right = (f.core(a) for a in one.args)
        turned = any(v.name in ("T", "t", "transpose", "mT") for v in (one.args[1], right))
        return -1 if turned and _embedded(left) and _embedded(right) else 0
    if one.name in ("sub", "add") and (squared := _multiplied_out(one)):
        return squared
    if one.name == "neg" and one.args:
        return -_direction(one.args[0], depth + 1)
    if one.name == "sub" and len(one.args) == 2 and one.args[0].kind == "const":
        return -_direction(one.args[1], depth + 1)
    if one.name in _SAME_WAY and one.args:
        numbers = [a.const for a in one.args[1:]]
        if all(isinstance(n, (int, float)) and n > 0 for n in numbers):
            return _direction(one.args[0], depth + 1)
    return 0


_PRODUCTS = frozenset(["matmul", "einsum", "bmm", "mm"])


def _multiplied_out(val: Val) -> int:
    """1 for the square of a distance written as ``a**2 + b**2 - 2 * a @ b.T``, -1 for its negative, else 0."""
    signs: dict[str, set[int]] = {"square": set(), "product": set()}
    for sign, term in f.plain_terms(val):
        parts = [f.core(v) for v, _ in f.factors(term)]
        rows = _whole(parts[0]) if len(parts) == 1 else parts[0]
        inner = f.core(rows.args[0]) if rows.name == "sum" and rows.args else rows
        if len(parts) == 1 and rows.name == "sum" and inner.name in ("pow", "square"):
            signs["square"].add(sign)
        elif _twice(parts):
            signs["product"].add(sign)
        else:
            return 0
    (square, product) = (s.pop() if len(s) == 1 else 0 for s in signs.values())
    return square if square and product == -square else 0


def _twice(parts: list[Val]) -> bool:
    """Whether the factors are 2 and one product of two tables; the 2 may stand inside: ``(2 * a) @ b.T``."""
    products = [v for v in parts if v.name in _PRODUCTS]
    inside = [f.core(v) for one in products for a in one.args for v, power in f.factors(a) if power > 0]
    numbers = [v.const for v in (*parts, *inside) if v.kind == "const" and not isinstance(v.const, str)]
    return len(products) == 1 and numbers in ([2], [2.0]) and all(v.kind == "const" or v in products for v in parts)


def _whole(val: Val) -> Val:
    """A value without an index that only adds axes: ``norms[:, None]``."""
    key = val.args[1] if val.name == "getitem" and len(val.args) == 2 else None
    parts = (key.items or [key]) if key is not None else []
    adds = any(k.is_none for k in parts) and all(k.is_none or k.kind == "slice" for k in parts)
    return f.core(val.args[0]) if adds else val


def _embedded(val: Val) -> bool:
    """Whether a value is an embedding of unit length."""
    return val.name == "normalize" or any(a.name == "normalize" for a in val.args)


def _largest(pick: Val, side: Val) -> bool | None:
    """Whether the largest values are picked; ``None`` where that is not known."""
    if pick.name in ("argmax", "argmin", "min_indices"):
        return pick.name == "argmax"
    if pick.name == "topk_indices":
        flag = pick.arg(3, "largest")
        return True if flag is None else flag.const if isinstance(flag.const, bool) else None
    flag = pick.arg(2, "descending")
    down = False if flag is None else flag.const
    first = _from_start(side, pick)
    return down == first if isinstance(down, bool) and first is not None else None


def _from_start(side: Val, pick: Val) -> bool | None:
    """Whether the head of a sorted order is used: ``order[:, :k]``, ``order[:, 0]``; its tail: ``order[:, -k:]``."""
    stack, count = [side], 0
    while stack and count < 40:
        one = f.core(stack.pop())
        count += 1
        if one.name == "getitem" and len(one.args) == 2 and f.core(one.args[0]) is pick:
            key = (one.args[1].items or [one.args[1]])[-1]
            if key.kind == "slice":
                start, stop = key.args[:2]
                if start.is_none or start.const in (0, 1):
                    return None if stop.is_none else not (isinstance(stop.const, int) and stop.const < 0)
                return False if start.name == "neg" or (isinstance(start.const, int) and start.const < 0) else None
            return key.const >= 0 if isinstance(key.const, int) else None
        stack.extend(a for a in one.args if a.kind in ("tensor", "unknown", "phi", "iter"))
    return None
