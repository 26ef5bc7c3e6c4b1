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
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("batch_norm"):
        if event.name != "torch.nn.functional.batch_norm" or not isinstance(event.node, ast.Call):
            continue
        if any(a is not None and a.is_none for a in (event.arg(1, "running_mean"), event.arg(2, "running_var"))):
            continue  # without running statistics the batch's own are the only choice
        shape = event.args[0].shape if event.args else None
        if (shape is not None and shape[:1] == (1,)) or _folds_batch(event):
            continue  # a batch of one: the samples are folded into the channels, as in instance normalisation
        given = [k.value for k in event.node.keywords if k.arg == "training"] or event.node.args[5:6]
        if given and isinstance(given[0], ast.Constant) and given[0].value is True and event.funcs:
            yield p.report(
                "SB326",
                event,
                "F.batch_norm with training=True ignores model.eval(): evaluation uses batch statistics",
                why="running statistics are never used, and evaluation results depend on the batch",
                fix="Pass training=self.training",
            )


def _folds_batch(event: Event) -> bool:
    """Whether the input was reshaped to a batch of one."""
    for val in event.args[0].options() if event.args else ():
        if val.name in ("view", "reshape") and len(val.args) > 1:
            first = val.args[1].items[0] if val.args[1].items else val.args[1]
            if first.const == 1:
                return True
    return False
