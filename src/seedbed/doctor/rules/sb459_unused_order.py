"""A random order is drawn but not used.

## What it does

Finds permutations that are drawn for the training and never index the data.

## Why is this bad

The batches come in the order of the data, in every epoch.

## Example

```python
x, y = torch.randn(300, 4), torch.randint(0, 3, (300,))
model = nn.Linear(4, 3)
for epoch in range(5):
    order = torch.randperm(300)
    for i in range(0, 300, 30):
        F.cross_entropy(model(x[i : i + 30]), y[i : i + 30]).backward()
        optimizer.step()
```

## Use instead

```python
x, y = torch.randn(300, 4), torch.randint(0, 3, (300,))
model = nn.Linear(4, 3)
for epoch in range(5):
    order = torch.randperm(300)
    for i in range(0, 300, 30):
        rows = order[i : i + 30]
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains or not p.made("randperm", "np_permutation"):
        return
    loops = {id(f.node) for e in p.all("backward") for f in e.loops}
    drawn = [e for e in p.first_makers("randperm", "np_permutation") if any(id(f.node) in loops for f in e.loops)]
    used: set[int] = set()
    asked: set[int] = set()
    wanted = {id(e.result) for e in drawn}
    for event in p.events if drawn else ():
        if wanted <= used:
            break
        if event.kind in (
            "forward",
            "loss",
            "call",
            "keep",
            "setitem",
            "invoke",
            "make",
            "return",
            "attribute",
            "inplace",
            "getitem",
        ):
            for arg in (*event.args, *event.kwargs.values()):
                if id(arg) not in asked:
                    asked.add(id(arg))
                    used |= {id(v) for v in ancestors(arg, limit=300)}
    for event in drawn:
        made = event.result
        if made is None or made.name not in ("randperm", "np_permutation"):
            continue
        if id(made) not in used and made.var:
            yield p.report(
                "SB459",
                event,
                f"the permutation {made.var} is drawn but never used: the data is not shuffled",
                why="the batches are cut from the data in its own order, the same in every epoch",
                fix=f"Index with it: x[{made.var}[i : i + batch]] and the targets alike",
            )
