"""BatchNorm is trained with batches of one sample.

## What it does

Finds BatchNorm layers in training mode that are fed from a loader with `batch_size=1`.

## Why is this bad

The statistics are those of a single sample, so training normalises each image by itself. In evaluation the running
averages are used, and the model behaves differently.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
layers = [nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)]
model = nn.Sequential(*layers)
data = TensorDataset(torch.randn(64, 1, 8, 8), torch.randint(0, 2, (64,)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for x, y in DataLoader(data, batch_size=1, shuffle=True):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
layers = [nn.Conv2d(1, 8, 3), nn.GroupNorm(4, 8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)]
model = nn.Sequential(*layers)
data = TensorDataset(torch.randn(64, 1, 8, 8), torch.randint(0, 2, (64,)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for x, y in DataLoader(data, batch_size=1, shuffle=True):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        if event.name not in _NORMS or event.mode != "train" or not event.args or not p.trained(event.result):
            continue
        loader = _single(event)
        layer = event.recv
        if loader is None or layer is None or id(loader.node) in seen or _constant(layer):
            continue
        if len({id(e.recv) for e in p.all("step")}) > 1:
            continue  # two players: image translation trains with batches of one on purpose
        seen.add(id(loader.node))
        yield p.report(
            "SB540",
            loader,
            f"{event.name} is trained with batch_size=1: its batch statistics are those of a single sample",
            why="training normalises each sample by itself, evaluation uses running averages: the two do not fit",
            fix="Use larger batches, or GroupNorm / LayerNorm, which do not depend on the batch",
            related=(q.place(layer),),
        )


def _single(event: Event) -> Val | None:
    """The loader with batches of one sample that an input comes from."""
    for one in ancestors(event.args[0], limit=400):
        if one.kind == "loader":
            size = one.arg(1, "batch_size")
            plain = one.kwargs.get("batch_sampler") is None and one.kwargs.get("collate_fn") is None
            if plain and (size is None or (size.const == 1 and not isinstance(size.const, bool))):
                return one
    return None


def _constant(layer: Val) -> bool:
    flag = layer.kwargs.get("track_running_stats")
    return flag is not None and flag.const is False
