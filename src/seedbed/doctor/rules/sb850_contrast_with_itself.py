"""A contrastive loss compares samples with themselves.

## What it does

Finds similarity matrices of one set with itself whose diagonal is not masked, labels that point to the diagonal,
embeddings normalised over the batch, and two views that are the same.

## Why is this bad

Every sample is most similar to itself. The diagonal dominates the softmax and nothing is learned from the pairs.

## Example

```python
enc = nn.Linear(16, 8)
opt = torch.optim.Adam(enc.parameters())
for a, b in loader:
    z = F.normalize(torch.cat([enc(a), enc(b)]), dim=1)
    n = len(a)
    sim = z @ z.t() / 0.1
    labels = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    loss = F.cross_entropy(sim, labels)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
enc = nn.Linear(16, 8)
opt = torch.optim.Adam(enc.parameters())
for a, b in loader:
    z = F.normalize(torch.cat([enc(a), enc(b)]), dim=1)
    n = len(a)
    sim = z @ z.t() / 0.1
    sim.fill_diagonal_(float("-inf"))
    labels = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    loss = F.cross_entropy(sim, labels)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_MASKS = frozenset(["masked_fill", "where", "eye", "fill_diagonal_", "masked_select", "diag", "tril", "triu", "gather"])
_TURNS = frozenset(["t", "T", "mT", "transpose", "permute"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for worst, own in _hardest(p):
        if id(worst.node) not in seen:
            seen.add(id(worst.node))
            yield p.report(
                "SB850",
                worst,
                f"the diagonal is not masked: {worst.name}() takes the hardest of all pairs, and each sample's own "
                "positive is among them",
                why="where the positive is the hardest pair it is compared with itself: the loss rests at the margin",
                fix="Fill the diagonal before: table.masked_fill(torch.eye(len(table), dtype=torch.bool), inf).min(1)",
                related=(q.place(own),),
            )
    for loss in p.once("loss"):
        if loss.name != "CrossEntropyLoss" or len(loss.args) < 2 or not p.trained(loss.result):
            continue
        found = _similarity(loss.args[0])
        if found is None:
            continue
        product, left, right = found
        goal = core(loss.args[1])
        if goal.name == "zeros" and left is not right and left.grad and right.grad and id(goal.node) not in seen:
            seen.add(id(goal.node))
            yield _report(p, goal, loss, "the labels are all 0, but the positive pairs are on the diagonal (arange)")
        if left is right and id(product.node) not in seen:
            problem = _diagonal(p, loss, product)
            if problem:
                seen.add(id(product.node))
                yield _report(p, product, loss, problem)
        for side in {id(v): v for v in (left, right)}.values():
            flat = next((v for v in ancestors(side, limit=12) if v.name == "normalize"), None)
            dim = flat.arg(2, "dim") if flat is not None and flat.arg(2, "dim") is not None else None
            if flat is not None and dim is not None and dim.const == 0 and id(flat.node) not in seen:
                seen.add(id(flat.node))
                yield _report(p, flat, loss, "embeddings are normalised over dim=0, the batch, not each to length one")
        twice = _cat_of_one(left) if left is right else None
        if twice is not None and id(twice.node) not in seen:
            seen.add(id(twice.node))
            yield _report(
                p, twice, loss, "both views are the same tensor through the same network: positives are equal"
            )
        if left is not right and _one_view(left, right) and id(loss.node) not in seen:
            seen.add(id(loss.node))
            yield _report(
                p, product, loss, "both views are the same tensor through the same network: positives are equal"
            )


_HARDEST = ("min", "max", "amin", "amax")


def _hardest(p: Program) -> Iterator[tuple[Val, Val]]:
    """The hardest of all pairs where that of the negatives is meant: the positives are on the diagonal."""
    diagonals = [v for v in p.made("diagonal", "diag") if v.args and p.trained(v)]
    for worst in p.made(*_HARDEST) if diagonals else ():
        if worst.kind != "tensor" or not p.trained(worst) or len(worst.args) + len(worst.kwargs) < 2:
            continue
        tables = {id(worst.args[0]), id(core(worst.args[0]))}
        if any(e.recv is not None and {id(e.recv), id(core(e.recv))} & tables for e in p.all("inplace", "setitem")):
            continue  # the diagonal is filled in place
        for own in diagonals:
            table = core(own.args[0])
            if id(table) in tables:
                if any(_against(v, own, worst) for v in p.made("sub")):
                    yield worst, own
            elif _costs(worst.args[0], table, own):
                yield worst, own


def _against(val: Val, one: Val, two: Val) -> bool:
    """Whether a difference is one value against another, margins and axes aside."""
    sides = [{id(v) for v in ancestors(a, limit=16)} for a in val.args]
    return len(sides) == 2 and any(id(one) in s and id(two) in t for s, t in (sides, sides[::-1]))


def _costs(val: Val, table: Val, own: Val) -> bool:
    """Whether a table holds what each pair costs beside the positive one: ``(margin + s - s.diag()[:, None])``."""
    inner = core(val)
    while inner.name in ("clamp", "clamp_min", "relu", "add") and inner.args:
        inner = core(next((a for a in inner.args if a.kind == "tensor"), inner.args[0]))
    return inner.name == "sub" and _against(inner, own, table)


def _report(p: Program, at: Val, loss: Event, problem: str) -> Finding:
    return p.report(
        "SB850",
        at if at.line else loss,
        f"contrastive loss: {problem}",
        why="the softmax is won by something trivial, so the embeddings learn nothing from the positive pairs",
        fix="Mask the diagonal with -inf (sim.fill_diagonal_(float('-inf'))), take two different views, and normalise "
        "each embedding: F.normalize(z, dim=1)",
        related=((str(loss.src.path), loss.line, "the loss"),),
    )


def _similarity(val: Val) -> tuple[Val, Val, Val] | None:
    """The product ``a @ b.T`` that the scores of a loss are, with its two sides."""
    for one in q.chain(val)[:14]:
        if one.name in ("matmul", "mm", "einsum") and len(one.args) >= 2:
            sides = [a for a in one.args if a.kind in ("tensor", "phi")][-2:]
            if len(sides) < 2:
                return None
            turned = [core(s) for s in sides]
            made = [any(v.owner is not None for v in ancestors(s, limit=60)) for s in turned]
            if not all(made) or not any(v.name in _TURNS for s in sides for v in (s, *q.seen_through(s))):
                return None
            left, right = (_base(s) for s in sides)
            return one, left, right
        if one.name in ("cat", "concat"):
            return None
    return None


def _base(val: Val) -> Val:
    current = val
    while current.name in _TURNS and current.args:
        current = current.args[0]
    return current


def _diagonal(p: Program, loss: Event, product: Val) -> str:
    chain = {id(v): v for v in q.chain(loss.args[0])}
    made = list(ancestors(loss.args[0], limit=1500))
    above = [v for v in made if any(a is product for a in ancestors(v, limit=400)) and v is not product][:40]
    inplace = [e for e in p.all("inplace", "setitem") if e.recv is not None and e.seq < loss.seq]
    names = {id(v) for v in above} | {id(product)} | set(chain)
    masked = any(v.name in _MASKS for a in above for v in (a, *a.args)) or any(id(e.recv) in names for e in inplace)
    masked = masked or any(v.name == "eye" for a in above for v in ancestors(a, limit=60) if v.kind == "tensor")
    masked = masked or any(
        v.name == "getitem" and len(v.args) > 1 and v.args[1].dtype in ("bool", "") and v.args[1].kind == "tensor"
        for v in above
    )
    goal = core(loss.args[1])
    if goal.name == "arange" and len(goal.args) <= 2:
        return "the labels point to the diagonal: each sample should find itself"
    for one in above:
        kept = one.args[2] if one.name == "masked_fill" and len(one.args) > 2 else None
        if (
            kept is not None
            and kept.const in (0, 0.0)
            and any(v.name == "eye" for v in ancestors(one.args[1], limit=20))
        ):
            return "the diagonal is filled with 0 instead of -inf: each sample is still compared with itself"
    if not masked:
        return "the diagonal of the similarity matrix is not masked: each sample is compared with itself"
    return ""


def _cat_of_one(val: Val) -> Val | None:
    """The second view in ``cat([a, b])``, when both are the same input through the same network."""
    for one in ancestors(val, limit=8):
        views = one.args[0].items if one.name in ("cat", "concat") and one.args else None
        if views and len(views) == 2:
            return views[1] if _one_view(views[0], views[1]) else None
    return None


def _one_view(left: Val, right: Val) -> bool:
    """Whether both sides are made by one module without randomness from the same input."""
    a, b = core(left), core(right)
    tops = []
    for side in (left, right):
        outer = next((v for v in ancestors(side, limit=12) if v.kind == "tensor" and _module(v)), None)
        tops.append(outer)
    if tops[0] is None or tops[1] is None or tops[0].owner is not tops[1].owner or a is b:
        return False
    if ownership.is_modal(tops[0].owner) is not False:
        return False
    if tops[0].node is tops[1].node and any(map(_drawn, ancestors(tops[0], limit=300))):
        return False  # one expression that is worked out twice, with chance in it
    roots = [{id(v) for v in (ancestors(t, limit=300) if t is not None else ()) if _is_source(v)} for t in tops]
    return roots[0] == roots[1] and bool(roots[0])


_PURE = frozenset(["normalize", "relu", "tanh", "sigmoid", "softmax", "flatten", "view", "reshape", "mean", "sum"])


def _is_source(val: Val) -> bool:
    """Whether a value is something that a network gets, not a step of its computation."""
    return val.owner is None and val.kind != "const" and val.name not in _PURE


def _drawn(val: Val) -> bool:
    """Whether a value is random, or may be: nothing is known about the call that made it."""
    return "rand" in val.name or val.name in ("normal", "bernoulli") or val.kind == "unknown" or "opaque" in val.tags


def _module(val: Val) -> bool:
    return val.owner is not None and getattr(val.owner, "kind", "") == "module" and val.name != "loss"
