"""No_grad or set_grad_enabled is used so that it has no effect.

## What it does

Finds `torch.no_grad()` (and its relatives) as a plain statement: it has no effect.

## Why is this bad

It is a context manager or a decorator. As a statement it is made and thrown away.

## Example

```python
torch.no_grad()
pred = model(torch.randn(8, 4))
```

## Use instead

```python
with torch.no_grad():
    pred = model(torch.randn(8, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("discard"):
        val = event.result
        if val is None or val.kind != "context" or val.name == "set_grad_enabled":  # noqa: SIM102
            if val is None or val.kind != "lib" or not val.name.endswith(("no_grad", "inference_mode")):
                continue
        name = val.name.rsplit(".", 1)[-1]
        yield p.report(
            "SB318",
            event,
            f"{name}() as a statement has no effect: gradients are still recorded"
            if name != "autocast"
            else "autocast() as a statement has no effect",
            why="it is a context manager; without `with` it is created and thrown away",
            fix=f"Write: with torch.{name}(...):",
        )
