"""A layer is created in forward(): it is new and random in every call.

## What it does

Finds layers with weights that are created in `forward()`.

## Why is this bad

They are new and random in every call, and no optimizer knows them.

## Example

```python
class Net(nn.Module):
    def forward(self, x):
        return nn.Linear(4, 2)(x)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("module", "Parameter"):
        made = event.result
        if made is None or event.recv is not None or not event.depth or not event.funcs:
            continue
        if not any(f.name == "forward" and f.owner is not None for f in event.funcs) or any(
            f.name == "__init__" for f in event.funcs
        ):
            continue
        layer = made.kind == "module" and (
            made.name.startswith(ownership.WEIGHTED)
            or made.name.startswith("BatchNorm")
            or made.name.startswith("Dropout")
        )
        if not layer and made.name != "Parameter":
            continue
        if any(e.kind == "attribute" and e.args and e.args[0] is made for e in p.all("attribute")) and event.conds:
            continue
        drop = made.name.startswith("Dropout")
        yield p.report(
            "SB505",
            event,
            f"{made.name} is created in forward(): "
            + (
                "it is always in training mode, so dropout stays active in evaluation"
                if drop
                else "it is new and random in every call and never trained"
            ),
            why="model.eval() does not reach it"
            if drop
            else "its weights are not in model.parameters() and change with every call",
            fix="Create it in __init__ and call it in forward()",
        )
