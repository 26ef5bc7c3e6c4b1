"""One BatchNorm layer is used at two places of a block.

## What it does

Finds a BatchNorm layer that ``forward()`` calls after two different layers.

## Why is this bad

Its running mean and variance mix two distributions that have nothing to do with each other. In training each call uses
its own batch, so all looks well; in eval mode both places are normalised with the mixture, which fits neither.

## Example

```python
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 3, padding=1)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1)
        self.bn = nn.BatchNorm2d(c)

    def forward(self, x):
        h = F.relu(self.bn(self.conv1(x)))
        return F.relu(x + self.bn(self.conv2(h)))

Block(8)(torch.randn(2, 8, 4, 4))
```

## Use instead

```python
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 3, padding=1)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(c)
        self.bn2 = nn.BatchNorm2d(c)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(x + self.bn2(self.conv2(h)))

Block(8)(torch.randn(2, 8, 4, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    first: dict[tuple[int, int], Event] = {}
    told: set[int] = set()
    for event in p.all("forward"):
        norm = event.recv
        if (
            norm is None
            or not event.name.startswith(("BatchNorm", "SyncBatchNorm"))
            or not event.funcs
            or not event.args
        ):
            continue
        method = event.funcs[-1]
        before = first.setdefault((id(norm), id(method.node)), event)
        if before.node is event.node or id(before.node) in told:
            continue
        one, two = _layer(before.args[0]), _layer(event.args[0])
        if one is None or two is None or one is two:
            continue
        told.add(id(before.node))
        yield p.report(
            "SB550",
            event,
            f"one BatchNorm ({norm.var or 'the layer'}) is used after two different layers: its running statistics mix",
            why="in eval mode both places are normalised with a mean and variance that fit neither of them",
            fix="Give each place a BatchNorm layer of its own",
            related=((str(before.src.path), before.line, "its first use"),),
        )


def _layer(val: Val) -> Val | None:
    """The layer that made the input of the norm."""
    found = training.loss_origins(val)
    owner = found[0].owner if len(found) == 1 else None
    return owner if isinstance(owner, Val) and owner.kind == "module" else None
