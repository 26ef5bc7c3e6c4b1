"""Softmax over the wrong dim: it normalises over the batch.

## What it does

Finds a softmax over the batch dim of a model's output.

## Why is this bad

Each class then sums to one over the samples: predictions depend on the other samples of the batch.

## Example

```python
model = nn.Linear(4, 3)
probabilities = F.softmax(model(torch.randn(8, 4)), dim=0)
```

## Use instead

```python
model = nn.Linear(4, 3)
probabilities = F.softmax(model(torch.randn(8, 4)), dim=1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, reaches


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("call", "forward") if p.made("softmax", "log_softmax") else ():
        made = event.result
        if made is None or made.kind != "tensor" or made.name not in ("softmax", "log_softmax") or not made.args:
            continue
        source = made.args[0]
        dim = made.kwargs.get("dim", made.args[1] if len(made.args) > 1 else None)
        where = made.owner if made.owner is not None and getattr(made.owner, "kind", "") == "module" else made
        if dim is None or not isinstance(dim.const, int) or isinstance(dim.const, bool) or id(where.node) in seen:
            continue
        rank = len(source.shape) if source.shape is not None else None
        inner = source
        while inner.name in ("div", "mul") and len(inner.args) == 2 and inner.args[1].kind in ("const", "number"):
            inner = inner.args[0]  # a temperature
        found = [o for o in training.loss_origins(inner) if o.kind == "tensor"]
        layered = any(
            o.name in ("Linear", "linear", "forward") or ("opaque" in o.tags and o.name == "forward") for o in found
        )
        wrong = layered and ((rank in (2, None) and dim.const == 0) or (rank == 2 and dim.const == -2))
        wrong = wrong and not (rank is None and not any(o.name == "Linear" for o in found))
        if (
            (rank == 2 and source.shape is not None and source.shape[0] == 1)
            or _turned(source)
            or _weighs(p, made)
            or _averaged(source)
        ):
            continue
        if not wrong:
            continue
        seen.add(id(where.node))
        yield p.report(
            "SB208",
            q.spot(made, event),
            f"{made.name} over dim={dim.const}, the batch dimension: it normalises over the samples, not over "
            f"the classes",
            why="each sample's probabilities depend on the other samples and do not sum to one",
            fix="Use dim=-1 (the classes)",
            shape=str(source.shape) if source.shape else None,
        )
    yield from _over_queries(p, seen)
    yield from _pooled(p, seen)
    yield from _targets(p, seen)
    yield from _over_pixels(p, seen)
    yield from _picked_elsewhere(p, seen)


_MOVES = frozenset(("T", "t", "mT", "transpose", "swapaxes", "permute", "movedim", "getitem", "squeeze", "select"))
_SAME = frozenset(
    ("div", "mul", "add", "sub", "neg", "cpu", "cuda", "to", "float", "double", "detach", "data", "clone", "contiguous")
)


def _turned(source: Val) -> bool:
    """Whether the first axis of scores is no longer the one of the samples: a row was picked, axes were swapped."""
    for _ in range(8):
        if source.kind == "phi":
            return all(_turned(o) for o in source.options())
        if source.name in _MOVES and not (source.name == "squeeze" and source.number(1, "dim") not in (None, 0)):
            return True
        if source.name not in _SAME or not source.args:
            return False
        source = source.args[0]
    return False


def _averaged(source: Val) -> bool:
    """Whether the samples were averaged away before: what is on the first axis now are groups or heads."""
    for _ in range(10):
        if source.name in ("mean", "sum", "amax") and source.number(1, "dim") == 0 and "keepdim" not in source.kwargs:
            return True
        inner = next((a for a in source.args if a.kind == "tensor"), None)
        if inner is None:
            return False
        source = inner
    return False


def _weighs(p: Program, made: Val) -> bool:
    """Whether the weights are summed over just the axis over which they were normalised."""
    dim = made.number(1, "dim")
    for used in q.users(p, made) if made.name == "softmax" else ():
        if (
            used.name == "mul"
            and not _of_itself(used, made)
            and any(u.name == "sum" and u.number(1, "dim") == dim for u in q.users(p, used))
        ):
            return True
        if dim == 0 and used.name in ("t", "T", "transpose", "mT"):
            return any(u.name in ("matmul", "mm") and u.args[0] is used for u in q.users(p, used))
    return False


def _of_itself(product: Val, made: Val) -> bool:
    """Whether both sides of a product are made of the weights: ``p * log p``."""
    return all(a is made or reaches(a, made) for a in product.args)


def _picked_elsewhere(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``log_softmax(x, 1).gather(2, y)``: the entries of the labels are on another axis than the classes."""
    for val in p.made("gather"):
        made = f.core(val.args[0]) if val.args else val
        axis, dim = val.number(1, "dim"), made.number(1, "dim")
        if (
            made.name not in ("softmax", "log_softmax")
            or not made.args
            or type(axis) is not int
            or type(dim) is not int
        ):
            continue
        shape = made.shape or made.args[0].shape
        rank = len(shape) if shape is not None else 0
        where = q.spot(made, p.events[0])
        if not rank or axis % rank == dim % rank or id(where.node) in seen or not p.trained(val):
            continue
        seen.add(id(where.node))
        yield p.report(
            "SB208",
            where,
            f"{made.name} over dim={dim}, but the labels pick from dim={axis}: it normalises over another axis",
            why="the probabilities that the loss reads do not sum to one over the classes",
            fix=f"Use dim={axis}",
            related=(q.place(val),),
        )


def _over_pixels(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Logits per pixel, which a cross-entropy reads with the classes on axis 1, normalised over rows or columns."""
    judged = {id(f.core(e.args[0])) for e in p.all("loss") if e.name == "CrossEntropyLoss" and e.args}
    for made, source in training.softmaxes(p):
        dim = made.kwargs.get("dim", made.args[1] if len(made.args) > 1 else None)
        where = q.spot(made, p.events[0])
        if dim is None or type(dim.const) is not int or id(where.node) in seen or id(f.core(source)) not in judged:
            continue
        rank = len(source.shape) if source.shape is not None else 0
        if rank in (4, 5) and dim.const % rank != 1:
            seen.add(id(where.node))
            yield p.report(
                "SB208",
                where,
                f"{made.name} over dim={dim.const}, not over the class axis: the loss reads the same logits with the "
                "classes on axis 1",
                why="the probabilities of a pixel do not sum to one over its classes",
                fix="Use dim=1",
            )


def _over_queries(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Attention weights that are normalised over the queries."""
    for made, source in training.softmaxes(p):
        dim = made.kwargs.get("dim", made.args[1] if len(made.args) > 1 else None)
        where = q.spot(made, p.events[0])
        if dim is None or not isinstance(dim.const, int) or dim.const == -1 or id(where.node) in seen:
            continue
        scores = [v for v in q.chain(source) if v.name in ("matmul", "bmm", "einsum")]
        least, exact = _rank(source, scores)
        if dim.const >= 0 and (dim.const >= least - 1 or (dim.const == 2 and not exact)):
            continue
        if any(u.name == "div" and len(u.args) == 2 and u.args[1].name == "sum" for u in q.users(p, made)):
            continue  # weights over slots, normalised again over the inputs
        weights = [made, *(u for u in q.users(p, made) if u.name in ("dropout", "Dropout"))]
        if any(_summed_over(u, dim.const, w) for w in weights for u in q.users(p, w)):
            continue
        side = "queries" if dim.const == -2 or (exact and dim.const == least - 2) else "batch, heads or queries"
        if scores and any(u.name in ("matmul", "bmm", "einsum", "dropout") for u in q.users(p, made)):
            seen.add(id(where.node))
            yield p.report(
                "SB208",
                where,
                f"attention softmax over dim={dim.const}, the {side}: a query's weights do not sum to one over "
                "the keys",
                why="each output is no weighted mean of the values, and positions influence each other's weights",
                fix="Use dim=-1 (the keys)",
            )


def _pooled(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Weights of a weighted sum that are normalised over another axis than the one that is summed."""
    for made, _ in training.softmaxes(p):
        dim = made.kwargs.get("dim", made.args[1] if len(made.args) > 1 else None)
        where = q.spot(made, p.events[0])
        if dim is None or type(dim.const) is not int or id(where.node) in seen:
            continue
        for product in (u for u in q.users(p, made) if u.name == "mul" and len(u.args) == 2):
            other = product.args[1] if product.args[0] is made else product.args[0]
            for total in (u for u in q.users(p, product) if u.name == "sum"):
                axis = total.number(1, "dim")
                if type(axis) is not int or axis == dim.const or (axis < 0) != (dim.const < 0):
                    continue
                if other.kind != "tensor" or not other.grad or id(where.node) in seen or _of_itself(product, made):
                    continue  # what is made of the weights themselves is no value: p log p
                seen.add(id(where.node))
                yield p.report(
                    "SB208",
                    where,
                    f"attention weights: softmax over dim={dim.const}"
                    + (", the batch," if dim.const == 0 else "")
                    + f" but the weighted sum is over dim={axis}: the weights do not sum to one",
                    why="the weights of one sample depend on the others, and the pooled vector is no weighted mean",
                    fix=f"Use softmax(dim={axis}), the axis that is summed",
                    related=(q.place(total),),
                )


def _summed_over(used: Val, axis: int, weights: Val) -> bool:
    """Whether an einsum takes its sum over just the axis that the weights were normalised over."""
    if used.name != "einsum" or len(used.args) < 2 or not isinstance(used.args[0].const, str):
        return False
    left, arrow, right = used.args[0].const.replace(" ", "").partition("->")
    terms = left.split(",")
    at = next((i for i, a in enumerate(used.args[1:]) if a is weights), None)
    if not arrow or at is None or at >= len(terms) or "." in left or not -len(terms[at]) <= axis < len(terms[at]):
        return False
    return terms[at][axis] not in right


def _rank(source: Val, scores: list[Val]) -> tuple[int, bool]:
    """The least number of axes that attention scores have, and whether that is exact."""
    for val in (source, *scores):
        if val.shape is not None:
            return len(val.shape), True
    for val in scores:
        text = val.args[0].const if val.name == "einsum" and val.args else None
        if isinstance(text, str) and "->" in text and "." not in text:
            return len(text.split("->")[1].strip()), True
        if val.name == "bmm":
            return 3, True
        for side in val.args:
            for part in q.chain(side)[:6]:
                dims = [a.const for a in part.args[1:]]
                if part.name in ("transpose", "permute") and dims in ([2, 3], [3, 2], [0, 2, 3, 1], [0, 1, 3, 2]):
                    return 4, True
                if part.name == "mT" or (
                    part.name in ("transpose", "swapaxes", "permute")
                    and dims in ([-2, -1], [-1, -2], [1, 2], [2, 1], [0, 2, 1])
                ):
                    return 3, False
    return 0, False


def _targets(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Soft targets that are normalised over the batch."""
    for event in p.once("loss"):
        if event.name not in ("CrossEntropyLoss", "KLDivLoss", "BCELoss") or len(event.args) < 2:
            continue
        for val in q.chain(event.args[1])[:4]:
            if val.name != "div" or len(val.args) != 2 or val.args[1].name != "sum" or id(val.node) in seen:
                continue
            total = val.args[1]
            dim = total.kwargs.get("dim", total.args[1] if len(total.args) > 1 else None)
            if dim is not None and dim.const == 0:
                seen.add(id(val.node))
                yield p.report(
                    "SB208",
                    val,
                    "the target is normalised over dim=0, the batch: its rows do not sum to one",
                    why="soft targets must be probabilities over the classes of each sample",
                    fix="Normalise over dim=1 (the classes)",
                )
