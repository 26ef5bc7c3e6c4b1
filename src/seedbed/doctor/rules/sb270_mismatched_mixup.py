"""The loss of mixed samples does not weigh the labels as the inputs were mixed.

## What it does

Finds mixup (`lam * x + (1 - lam) * x[perm]`) and CutMix whose loss swaps the weights of the two labels, uses only
one of them, uses the same label twice, or labels of another permutation.

## Why is this bad

The network sees mostly one sample and is told the label of the other. The training loss still falls, but the
labels are noise in proportion to the mixing.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    lam = 0.7
    perm = torch.randperm(len(x))
    out = model(lam * x + (1 - lam) * x[perm])
    optimizer.zero_grad()
    loss = (1 - lam) * F.cross_entropy(out, y) + lam * F.cross_entropy(out, y[perm])
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    lam = 0.7
    perm = torch.randperm(len(x))
    out = model(lam * x + (1 - lam) * x[perm])
    optimizer.zero_grad()
    loss = lam * F.cross_entropy(out, y) + (1 - lam) * F.cross_entropy(out, y[perm])
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import mixing
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program

_SAID = {
    "swapped": "the mixup weights are swapped: the labels are weighted by 1 - lam where the inputs are mixed by lam",
    "unmixed": "the inputs are mixed (mixup), but the loss uses only the labels of one of the two samples",
    "same": "both terms of the mixup loss use the same labels: the labels of the permuted samples are missing",
    "other": "the labels of the mixup loss are permuted differently from the mixed inputs",
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        for mix, what, where in mixing.mistakes(back.recv):
            if id(where.node) in seen:
                continue
            seen.add(id(where.node))
            yield p.report(
                "SB270",
                where,
                _SAID[what],
                why="the network sees mostly one sample and is taught the label of the other",
                fix="Use lam * loss(out, y) + (1 - lam) * loss(out, y[perm]) for lam * x + (1 - lam) * x[perm]",
                related=(q.place(mix),),
            )
