"""Binary targets are not in 0..1.

## What it does

Finds binary targets of -1 and 1 in a binary cross-entropy.

## Why is this bad

The loss has no lower bound for targets outside 0..1: it goes to minus infinity.

## Example

```python
data = torch.randn(64, 4)
target = torch.sign(data[:, :1])
for step in range(10):
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(data), target).backward()
    optimizer.step()
```

## Use instead

```python
data = torch.randn(64, 4)
target = (data[:, :1] > 0).float()
for step in range(10):
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(data), target).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("BCELoss", "BCEWithLogitsLoss") or len(event.args) < 2:
            continue
        for made in training.loss_origins(event.args[1]):
            signed = made.name == "sign"
            if made.name == "sub" and len(made.args) == 2 and made.args[1].const == 1 and made.args[0].name == "mul":
                signed = any(a.const == 2 for a in made.args[0].args)
            if made.name == "where" and len(made.args) == 3:
                consts = [
                    v.const
                    if v.kind == "const"
                    else (v.args[0].const if v.args and v.args[0].kind == "const" else None)
                    for v in made.args[1:]
                ]
                signed = signed or any(isinstance(c, (int, float)) and c < 0 for c in consts)
            if signed:
                yield p.report(
                    "SB242",
                    made,
                    "binary targets are -1 and 1, but binary cross-entropy needs 0 and 1",
                    why="for a target of -1 the loss has no lower bound, so the scores run away",
                    fix="Map the targets to 0 and 1: (y > 0).float()",
                    related=((str(event.src.path), event.line, "the loss"),),
                )
                break
