"""Ranks by hand are counted on the wrong side, along the wrong axis, or from zero.

## What it does

Finds ranks such as `(scores > scores.diag().unsqueeze(1)).sum(dim=1) + 1` whose comparison points the wrong way for
similarities, whose axes do not belong together, or which start at zero where they are divided by; and places that are
read from one `argsort`, which holds the item at each place, not the place of each item.

## Why is this bad

Recall@k and MRR look plausible and measure something else: the worst match, another query, or infinity.

## Example

```python
image, text = nn.Linear(8, 4), nn.Linear(6, 4)
image.eval()
with torch.no_grad():
    scores = F.normalize(image(torch.randn(50, 8)), dim=1) @ F.normalize(text(torch.randn(50, 6)), dim=1).T
rank = (scores < scores.diag().unsqueeze(1)).sum(dim=1) + 1
print("MRR", (1.0 / rank).mean())
```

## Use instead

```python
image, text = nn.Linear(8, 4), nn.Linear(6, 4)
image.eval()
with torch.no_grad():
    scores = F.normalize(image(torch.randn(50, 8)), dim=1) @ F.normalize(text(torch.randn(50, 6)), dim=1).T
rank = (scores > scores.diag().unsqueeze(1)).sum(dim=1) + 1
print("MRR", (1.0 / rank).mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_ABOVE = frozenset(["Gt", "GtE"])
_BELOW = frozenset(["Lt", "LtE"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for total in p.anywhere("sum"):
        test = f.core(total.args[0]) if total.args else total
        if test.name not in ("compare", "gt", "lt") or len(test.args) < 2 or id(test.node) in seen:
            continue
        said = _problem(p, total, test)
        if said:
            seen.add(id(test.node))
            yield p.report(
                "SB891",
                test,
                f"the rank is counted wrongly: {said}",
                why="Recall@k and MRR then measure something else than the place of the right match",
                fix="Use (scores > scores.diag().unsqueeze(1)).sum(dim=1) + 1",
            )
    yield from _items_as_places(p)
    yield from _from_zero(p)


def _from_zero(p: Program) -> Iterator[Finding]:
    """``(scores > own).sum(1)`` of the gathered own scores: the best match has the rank 0, and one is divided by it."""
    seen: set[int] = set()
    for total in p.made("sum"):
        test = f.core(total.args[0]) if total.args else total
        strict = bool(test.tags & {"Gt", "Lt"}) or test.name in ("gt", "lt")
        if test.name not in ("compare", "gt", "lt") or len(test.args) < 2 or not strict or id(test.node) in seen:
            continue
        scores, own = (f.core(a) for a in test.args[:2])
        if own.name != "gather" or f.core(own.args[0]) is not scores or not _divides(p, total):
            continue
        seen.add(id(test.node))
        yield p.report(
            "SB891",
            test,
            "the rank is counted wrongly: it starts at 0, but one is divided by it as if the best match had rank 1",
            why="the two best places count the same (or as infinite), and every hit rate is one place too generous",
            fix="Add one: (scores > own).sum(dim=1) + 1",
        )


def _divides(p: Program, rank: Val) -> bool:
    """Whether the inverse of a rank is taken, with nothing added to it before."""
    stack, seen = [rank], set[int]()
    while stack and len(seen) < 40:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for user in p.users(one):
            if user.name == "reciprocal":
                return True
            if user.name in ("div", "true_divide") and len(user.args) == 2 and user.args[1] is one:
                if user.args[0].kind == "const":
                    return True
            elif f.core(user) is f.core(rank) or (user.name in ("clamp", "clamp_min", "clip") and user.args[0] is one):
                stack.append(user)
    return False


def _items_as_places(p: Program) -> Iterator[Finding]:
    """The item at a place that is taken for the place of an item: one ``argsort`` read at the right answers."""
    seen: set[int] = set()
    for picked in [*p.made("gather"), *p.made("getitem")]:
        order = f.core(picked.args[0]) if len(picked.args) > 1 else picked
        if order is picked or not _is_order(order) or id(order.node) in seen or not _at_answers(picked):
            continue
        how = _as_rank(p, picked)
        if how:
            seen.add(id(order.node))
            name = picked.args[0].var or "it"
            yield p.report(
                "SB891",
                order,
                f"one argsort gives the item at each place, not the rank (position of each item), but {name} is read "
                f"at the right answers and {how}",
                why="hit rate, MRR and NDCG are then those of item numbers and have nothing to do with the scores",
                fix="Use the inverse permutation, order.argsort(dim=1), or count (scores > own_score).sum(dim=1)",
                related=(q.place(picked),),
            )


def _is_order(val: Val) -> bool:
    """Whether it is the order of scores that a model gives: the order of an order is a rank."""
    made = val.name in ("argsort", "sort_indices") or (
        val.name == "part" and val.place == 1 and bool(val.args) and val.args[0].name == "sort"
    )
    if not made or not val.args:
        return False
    behind = list(ancestors(val.args[0], limit=80))
    sorts = any(v.name in ("argsort", "sort", "sort_indices", "topk", "randperm", "topk_indices") for v in behind[:12])
    whole = f.core(val.args[0]).dtype in ("long", "int", "bool")
    return not sorts and not whole and any(v.name == "parameter" or f.from_model(v, 1) for v in behind)


def _at_answers(picked: Val) -> bool:
    """Whether the order is read at places that come from the data, not at the first ones or at those of a search."""
    key = picked.args[2] if picked.name == "gather" and len(picked.args) > 2 else picked.args[1]
    if key.kind == "tuple":
        parts = key.items or []
        if len(parts) != 2 or parts[0].kind != "tensor" or f.core(parts[0]).name != "arange":
            return False
        key = parts[1]
    made = f.core(key)
    if key.kind != "tensor" or key.dtype == "bool" or made.kind != "tensor":
        return False
    return not any(
        v.name
        in ("arange", "argsort", "argmax", "argmin", "topk", "sort", "compare", "sort_indices", "cumsum", "zeros")
        for v in ancestors(key, TRANSPARENT, limit=20)
    )


def _as_rank(p: Program, picked: Val) -> str:
    """What is done with a number that only makes sense for a rank."""
    stack, seen = [picked], set[int]()
    while stack and len(seen) < 40:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for user in p.users(one):
            if user.name in ("div", "true_divide") and len(user.args) == 2 and user.args[1] is one:
                if user.args[0].kind == "const":
                    return "divided by as a rank"
            elif user.name in ("log2", "log", "log1p", "reciprocal"):
                return "goes into a discount as a rank"
            elif user.name in ("compare", "lt", "le") and len(user.args) == 2 and user.args[0] is one:
                below = user.name in ("lt", "le") or bool(user.tags & _BELOW)
                if below and isinstance(user.args[1].const, int) and _averaged(p, user):
                    return f"compared with the cut-off {user.args[1].const}"
            elif f.core(user) is f.core(one) or (user.name in ("add", "clamp") and user.args[0] is one):
                stack.append(user)
    return ""


def _averaged(p: Program, test: Val) -> bool:
    """Whether the truth of a comparison is averaged: a hit rate."""
    below = [test, *p.users(test)]
    return any(u.name in ("mean", "sum") for v in below for u in p.users(v))


def _problem(p: Program, total: Val, test: Val) -> str:
    scores, own = test.args[:2]
    spread = own
    diagonal = f.core(spread)
    if _new_axis(spread) is not None:
        diagonal = f.core(spread.args[0])
    if diagonal.name not in ("diag", "diagonal") or not diagonal.args or f.core(diagonal.args[0]) is not f.core(scores):
        return ""
    axis, over = spread.number(1, "dim") if spread.name == "unsqueeze" else _new_axis(spread), total.number(1, "dim")
    if axis in (0, 1, -1) and over in (0, 1, -1) and axis % 2 != over % 2:
        return f"the own score stands along dim={axis}, but the comparison is summed over dim={over}"
    similar = any(v.name in ("matmul", "mm", "einsum", "cosine_similarity") for v in ancestors(scores, limit=12))
    distant = any(v.name in ("cdist", "pairwise_distance") for v in ancestors(scores, limit=12))
    op = test.tags | ({"Gt"} if test.name == "gt" else {"Lt"} if test.name == "lt" else set())
    plain = not any(v.name in ("neg", "rsub") for v in ancestors(scores, limit=12))
    if plain and similar and not distant and op & _BELOW:
        return "candidates with a lower similarity are counted, so the best match has the highest rank"
    if plain and distant and op & _ABOVE:
        return "candidates at a larger distance are counted, so the best match has the highest rank"
    if any(
        u.name == "div" and len(u.args) == 2 and u.args[0].kind == "const" and f.core(u.args[1]) is total
        for u in p.users(total)
    ):
        return "it starts at 0, so 1 / rank is infinite for every right answer (add 1)"
    return ""


def _new_axis(val: Val) -> int | None:
    """The axis that ``x[:, None]`` or ``x[None]`` adds to a vector."""
    if val.name != "getitem" or len(val.args) != 2:
        return None
    keys = val.args[1].items or [val.args[1]]
    places = [i for i, k in enumerate(keys) if k.is_none]
    return places[0] if len(places) == 1 and len(keys) <= 2 else None
