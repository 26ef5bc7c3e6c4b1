"""A mean of batch means weighs a short last batch too much.

## What it does

Finds an evaluation that averages batch means although the last batch is smaller.

## Why is this bad

Every sample of a short last batch counts more than the others.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
val_loader = DataLoader(TensorDataset(torch.randn(100, 4), torch.randint(0, 3, (100,))), batch_size=64)
total = 0.0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        total += (model(x).argmax(1) == y).float().mean().item()
print(total / len(val_loader))
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
val_loader = DataLoader(TensorDataset(torch.randn(100, 4), torch.randint(0, 3, (100,))), batch_size=64)
total = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        total += (model(x).argmax(1) == y).sum().item()
print(total / len(val_loader.dataset))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import metering, rounds
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for kind, event, loop, _accumulated in metering.running_means(p):
        if id(event.node) in seen or kind == "count":
            continue
        trained = any(b.inside(loop) for b in p.all("backward"))
        over = rounds.base_of_loop(loop)
        rest = metering.last_batch(over)
        if trained or rest is None or rest == 0 or not _of_model(event.args[0]):
            continue
        if not metering.divided_by_batches(p, event, over):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB304",
            event,
            "the metric is a mean of batch means: the shorter last batch counts too much",
            why=f"the last batch has only {rest} samples, but its mean counts like that of a full batch",
            fix="Sum over samples (multiply by the batch size) and divide by the number of samples",
            last_batch=rest,
        )
    yield from _collected(p)


def _of_model(val: Val) -> bool:
    """Whether a model may have made what is measured: of data alone, there is nothing to judge."""
    return any(v.owner is not None or v.name == "forward" or v.kind == "unknown" for v in ancestors(val, limit=400))


def _collected(p: Program) -> Iterator[Finding]:
    """Batch means that are collected in a list, which is averaged then."""
    seen: set[int] = set()
    for event in p.once("keep"):
        loop, kept = event.loop, event.recv
        if loop is None or kept is None or not event.args or not rounds.is_loader_loop(loop) or id(kept) in seen:
            continue
        over = rounds.base_of_loop(loop)
        rest = metering.last_batch(over)
        if any(b.inside(loop) for b in p.all("backward")) or not rest or not _batch_mean(event.args[0]):
            continue
        size = over.number(1, "batch_size") if over is not None else None
        if not isinstance(size, int) or rest * 2 > size or not _averaged(p, kept):
            continue
        seen.add(id(kept))
        yield p.report(
            "SB304",
            event,
            "the metric is a mean of batch means: the shorter last batch counts too much",
            why=f"the last batch has only {rest} samples, but its mean has the weight of a full batch of {size} "
            "(unequal batches)",
            fix="Sum over samples (multiply by the batch size) and divide by the number of samples",
            last_batch=rest,
        )


def _batch_mean(val: Val) -> bool:
    one = f.core(val)
    if f.loss_value(one) is not None:
        return True
    return one.name == "mean" and bool(one.args) and f.core(one.args[0]).name in ("compare", "eq")


def _averaged(p: Program, kept: Val) -> bool:
    """Whether a list is turned into one mean."""
    for event in p.all("call"):
        last = event.name.rsplit(".", 1)[-1]
        if last in ("mean", "fmean", "average") and any(kept in (a, *a.args[:1]) for a in event.args):
            return True
        made = event.result
        summed = made is not None and last == "sum" and any(a is kept for a in event.args)
        for user in q.users(p, made) if summed and made is not None else []:
            if user.name == "div" and len(user.args) > 1 and f.core(user.args[1]).name == "len":
                return True
    return False
