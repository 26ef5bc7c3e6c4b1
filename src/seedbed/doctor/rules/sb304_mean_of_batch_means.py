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
from seedbed.doctor.static import metering, rounds
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for kind, event, loop, _accumulated in metering.running_means(p):
        if id(event.node) in seen or kind == "count":
            continue
        trained = any(b.inside(loop) for b in p.all("backward"))
        over = rounds.base_of_loop(loop)
        rest = metering.last_batch(over)
        if trained or rest is None or rest == 0:
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


def _unused() -> None:
    return None
