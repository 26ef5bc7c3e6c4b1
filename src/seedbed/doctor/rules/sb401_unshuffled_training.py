"""The training data is not shuffled.

## What it does

Finds a training `DataLoader` without shuffling.

## Why is this bad

The batches come in the same order in every epoch. Sorted data gives batches of one class, and training is
biased.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
train_set = TensorDataset(torch.randn(100, 4), torch.zeros(100).long())
train_loader = DataLoader(train_set, batch_size=10)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
train_set = TensorDataset(torch.randn(100, 4), torch.zeros(100).long())
train_loader = DataLoader(train_set, batch_size=10, shuffle=True)
for epoch in range(3):
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import lineage, metering, orders, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for loader, loop in d.training_loaders(p):
        if any(k in loader.kwargs for k in ("sampler", "batch_sampler", "**")):
            continue
        flag = loader.arg(2, "shuffle")
        if flag is not None and not (flag.kind == "const" and flag.const in (False, 0)):
            continue
        data = loader.args[0] if loader.args else None
        if data is None or "iterable" in data.tags or (data.kind in ("unknown", "iter") and not data.var):
            continue
        size = loader.arg(1, "batch_size")
        if size is not None and (size.name == "len" or size.is_none):
            continue
        count, batch = metering.dataset_size(data), size.const if size is not None else 1
        if isinstance(count, int) and isinstance(batch, int) and batch >= count:
            continue
        if (
            any(_made_up(one) for one in data.options())
            or d.carries_state(p, loop)
            or d.shuffled_source(data)
            or loader.split in ("val", "test")
            or _summed(p, loop)
        ):
            continue
        yield p.report(
            "SB401",
            _decided(p, loader, flag),
            "the training data is not shuffled: shuffle=True is missing in the training DataLoader",
            why="batches come in the same order in every epoch; data sorted by class gives batches of a single class",
            fix="Pass shuffle=True",
            related=((str(loop.src.path), loop.line, "the training loop"),),
        )
    yield from _drawn_once(p)
    yield from _same_batches(p)


def _summed(p: Program, loop: Any) -> bool:
    """Whether weights change after the loop only: a sum of gradients does not depend on the order of the batches."""
    steps = p.all("step", "scaler_step", "manual")
    return bool(steps) and not any(s.inside(loop) for s in steps)


def _decided(p: Program, loader: Val, flag: Val | None) -> Any:
    """Where it was decided not to shuffle: in a table of options, in the call of a helper, or at the loader."""
    event = next((e for e in p.makers("loader") if e.result is loader), None)
    if event is None:
        return loader
    if flag is not None:
        place = q.decided(event, flag)
        return q.spelled(event, flag) if place is event else place
    spread = isinstance(event.node, ast.Call) and any(k.arg is None for k in event.node.keywords)
    given = {k.arg for k in event.node.keywords} if isinstance(event.node, ast.Call) else set()
    tables = [q.spelled(event, v) for k, v in loader.kwargs.items() if spread and k not in given]
    return next((t for t in tables if t is not event), event)


_SEEDS = frozenset(["manual_seed", "default_rng", "Random", "RandomState", "seed"])


def _made_up(data: Val) -> bool:
    """Whether samples are drawn anew whatever their number is: then their order says nothing."""
    if data.name in ("Subset", "random_split") and data.args:
        return any(_made_up(one) for one in data.args[0].options())
    method = data.owner.method("__getitem__") if hasattr(data.owner, "method") else None
    if method is None or len(method.node.args.args) < 2 or not d.draws_random(method.node):
        return False
    name, nodes = method.node.args.args[1].arg, list(syntax.walk(method.node))
    seeds = [n for n in nodes if isinstance(n, ast.Call) and syntax.text(n.func).rsplit(".", 1)[-1] in _SEEDS]
    excused = {id(m) for call in seeds for a in call.args for m in syntax.walk(a)}
    return not any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) and id(n) not in excused for n in nodes
    )


_WRAPS = frozenset(["tolist", "numpy", "tensor", "as_tensor", "from_numpy", "to", "long", "cpu", "list"])


def _same_batches(p: Program) -> Iterator[Finding]:
    """``order[i : i + n]`` in a loop inside that of the epochs, where the order was drawn before both."""
    found: dict[int, Val | None] = {}
    for feed in lineage.feeds(p)[0]:
        for step in lineage.certain(feed.x):
            key = lineage.row_key(step)
            if key is None or not lineage.is_batch(p, step):
                continue
            drawn = {id(v): v for k in key.options() if (v := _before_epochs(p, feed.event, k)) is not None}
            only = next(iter(drawn.values())) if len(drawn) == 1 else None
            before = found.setdefault(id(step.node), only)
            found[id(step.node)] = only if before is only else None
    for made in {id(v): v for v in found.values() if v is not None}.values():
        yield p.report(
            "SB401",
            made,
            "the order is drawn once, before the epoch loop: every epoch sees the same batches in the same order",
            why="the data is shuffled once instead of in every epoch, so the batches never change",
            fix="Draw the permutation inside the epoch loop",
        )


def _before_epochs(p: Program, event: Event, key: Val) -> Val | None:
    """The draw of the order of all rows that a batch is a slice of, when it is older than the loop of the epochs."""
    if key.name != "getitem" or len(key.args) < 2 or key.args[1].kind != "slice" or len(event.loops) < 2:
        return None
    order = key.args[0]
    while order.name in _WRAPS and order.args:
        order = order.args[0]
    drawn = lineage.row_key(order) if lineage.reorders(order) else order
    mixed = orders.shuffled_in_place(p)
    if drawn is None or drawn.name not in ("randperm", "np_permutation") or id(drawn) in mixed or id(order) in mixed:
        return None
    cut = {id(u.node) for v in (drawn, order, key.args[0]) for u in p.users(v) if u.name == "getitem"}
    epoch, made = event.loops[-2], next((e for e in p.calls("randperm", "permutation") if e.result is drawn), None)
    if made is None or made.inside(epoch) or not rounds.repeats(epoch) or _summed(p, event.loops[-1]):
        return None
    return drawn if cut <= {id(key.node), id(order.node)} else None  # else it splits the rows too


def _drawn_once(p: Program) -> Iterator[Finding]:
    """An order that is drawn before the epochs and cut into the same batches in each of them."""
    done: set[int] = set()
    for back in p.all("backward"):
        inner = back.loop
        over = inner.over if inner is not None else None
        if inner is None or over is None or over.name != "split" or len(back.loops) < 2 or id(inner.node) in done:
            continue
        drawn = [v for v in ancestors(over, limit=20) if v.name == "randperm"]
        epoch = back.loops[-2]
        if not drawn or not rounds.repeats(epoch):
            continue
        inside = [v for v in drawn if (made := rounds.loop_of(p, v)) is not None and made.node is epoch.node]
        if inside or any(v.name == "getitem" and v.args and v.args[0] in drawn for v in ancestors(over, limit=20)):
            continue
        done.add(id(inner.node))
        yield p.report(
            "SB401",
            drawn[0],
            "the order is drawn once, before the epoch loop: every epoch sees the same batches in the same order",
            why="the data is shuffled once instead of in every epoch, so the batches never change",
            fix="Draw torch.randperm(n) inside the epoch loop",
        )
