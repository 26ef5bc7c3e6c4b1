"""The model is moved or cast after the optimizer was built.

## What it does

Finds a model that is moved or cast after its optimizer was built.

## Why is this bad

With some conversions the parameters are replaced, and the optimizer holds the old ones.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters())
model.to("cuda")
```

## Use instead

```python
model = nn.Linear(4, 3)
model.to("cuda")
optimizer = torch.optim.Adam(model.parameters())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, modules in ownership.optimizers(p):
        for move in p.once("move"):
            if (
                move.recv is None
                or move.seq < event.seq
                or (move.loops and move.loops != event.loops)
                or not any(m is move.recv for m in modules)
            ):
                continue
            if (
                (not any(s.seq > move.seq and q.same(s.recv, optimizer) for s in p.all("step")) and p.all("step"))
                or move.name == "cpu"
                or move.loops
            ):
                continue
            if any(a.const == "cpu" for a in move.args):
                continue
            yield p.report(
                "SB705",
                move,
                "the model is moved after the optimizer was built: the optimizer may hold the old parameters",
                why="some conversions replace the parameters, and optimizer state stays on the old device",
                fix="Move the model first, then build the optimizer",
                severity=Severity.HINT,
                related=((str(event.src.path), event.line, "the optimizer"),),
            )
