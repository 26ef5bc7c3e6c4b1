"""The weights are float16: small updates are lost.

## What it does

Finds training of a model whose weights are float16.

## Why is this bad

An update smaller than a thousandth of the weight is lost in rounding; gradients underflow.

## Example

```python
model = nn.Linear(4, 3).half()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
scaler = torch.amp.GradScaler("cuda")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda", dtype=torch.float16):
        loss = F.cross_entropy(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for move in p.once("move"):
        half = move.name == "half" or any(
            a.kind == "lib" and a.name in ("torch.float16", "torch.half") for a in move.args
        )
        if (
            half
            and move.recv is not None
            and training.learns(p, move.recv)
            and any(any(move.recv is h for h in ownership.held(o)) for _, o, _ in ownership.optimizers(p))
        ):
            yield p.report(
                "SB706",
                move,
                "the trained weights are float16: small updates and gradients are lost",
                why="float16 has 3 decimal digits, so an update below a thousandth of a weight changes nothing",
                fix="Keep float32 weights and use autocast (with a GradScaler), or bfloat16",
            )
