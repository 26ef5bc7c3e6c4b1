"""Argmax, round or a comparison in the loss has no gradient.

## What it does

Finds losses through argmax, round or a comparison: they have no gradient.

## Why is this bad

These operations are flat: their gradient is zero everywhere. The model gets no signal.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    pred = model(x).argmax(dim=1).float()
    loss = ((pred - y) ** 2).mean().requires_grad_()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def _of_part(val: Val) -> bool:
    return val.owner is not None and val.name != "loss"


def _beyond(val: Val) -> bool:
    """Whether something that is defined elsewhere has made it: it may be the model by another of its methods."""
    return val.kind == "unknown" and any(a.kind == "object" for a in val.args)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    flat = {
        "argmax",
        "argmin",
        "round",
        "compare",
        "sign",
        "floor",
        "ceil",
        "long",
        "int",
        "bool",
        "gt",
        "lt",
        "eq",
        "ge",
        "le",
        "trunc",
    }
    seen: set[int] = set()
    for back in p.all("backward"):
        root = back.recv
        if root is None or root.kind != "tensor":
            continue
        path = training.gradient_path_cached(p, root)
        flowing = any(id(v) in path and (_of_part(v) or _beyond(v)) for v in ancestors(root))
        for cut in training.cut_points(root):
            if (
                cut.name not in flat
                or id(cut.node) in seen
                or not any(v.owner is not None and v.grad and v.name != "loss" for v in ancestors(cut))
            ):
                continue
            if flowing or (root.grad and "leaf" not in root.tags):
                continue
            seen.add(id(cut.node))
            yield p.report(
                "SB237",
                cut,
                f"{cut.name} in the loss is not differentiable: no gradient flows to the model",
                why="its gradient is zero (or the graph is cut), so the parameters never change",
                fix="Use a differentiable loss on the scores, e.g. cross_entropy(logits, y)",
                related=((str(back.src.path), back.line, "backward()"),),
            )
