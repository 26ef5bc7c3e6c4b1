"""model.train() puts a part back into training mode that eval() was meant to keep fixed.

## What it does

Finds a part of a model that is put into eval mode before training, and that a later ``train()`` of the whole model
puts back into training mode before the part is used even once.

## Why is this bad

``train()`` goes through all parts. A frozen BatchNorm moves its running statistics again, and a dropout that was
switched off drops values: the freezing has no effect.

## Example

```python
body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
model = nn.Sequential(body, nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
body.eval()
for epoch in range(3):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
model = nn.Sequential(body, nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    model.train()
    body.eval()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import switching
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for off, on, use, part in switching.switched_back(p):
        if id(off.node) in seen:
            continue
        seen.add(id(off.node))
        around = [f.node for f in on.funcs]
        apart = bool(off.funcs) and not any(off.funcs[-1].node is n for n in around)  # a helper froze it before
        built = bool(off.funcs) and off.funcs[-1].name == "__init__"  # the part is frozen for good
        yield p.report(
            "SB156",
            on if built or apart else q.beside(on, off),
            f"model.train() switches {part.var or part.name} back to training mode: its eval() has no effect",
            why="train() goes through every part of the model, so a frozen BatchNorm updates its running statistics "
            "again and dropout is active again",
            fix="Call eval() on the frozen part after every model.train(), or override train() in the model",
            related=((str(off.src.path), off.line, "eval()"), (str(use.src.path), use.line, "the forward pass")),
        )
