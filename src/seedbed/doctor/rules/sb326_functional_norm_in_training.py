"""F.batch_norm with training=True stays in training mode.

## What it does

Finds `F.batch_norm` (or instance_norm) with a fixed training flag.

## Why is this bad

`model.eval()` does not reach it: evaluation uses batch statistics and changes the running ones.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("m", torch.zeros(4))
        self.register_buffer("v", torch.ones(4))

    def forward(self, x):
        return F.batch_norm(x, self.m, self.v, training=True)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("m", torch.zeros(4))
        self.register_buffer("v", torch.ones(4))

    def forward(self, x):
        return F.batch_norm(x, self.m, self.v, training=self.training)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("call"):
        if event.name != "torch.nn.functional.batch_norm" or not isinstance(event.node, ast.Call):
            continue
        given = [k.value for k in event.node.keywords if k.arg == "training"] or event.node.args[5:6]
        if given and isinstance(given[0], ast.Constant) and given[0].value is True and event.funcs:
            yield p.report(
                "SB326",
                event,
                "F.batch_norm with training=True ignores model.eval(): evaluation uses batch statistics",
                why="running statistics are never used, and evaluation results depend on the batch",
                fix="Pass training=self.training",
            )
