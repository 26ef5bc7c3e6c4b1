"""A trained tensor is not a leaf: the optimizer never changes it.

## What it does

Finds trained tensors that are the result of an operation, not leaves.

## Why is this bad

Only leaves keep a gradient. The optimizer gets a tensor whose `.grad` is always None.

## Example

```python
w = torch.randn(4, 1, requires_grad=True) * 0.1
optimizer = torch.optim.SGD([w], lr=0.1)
```

## Use instead

```python
w = (torch.randn(4, 1) * 0.1).requires_grad_()
optimizer = torch.optim.SGD([w], lr=0.1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("assign"):
        val = event.result
        if (
            val is None
            or val.kind != "tensor"
            or "leaf" in val.tags
            or val.name not in ("mul", "div", "to", "cuda", "add", "sub", "float", "double", "view", "reshape")
        ):
            continue
        base = (
            val.args[0] if val.args and val.args[0].kind == "tensor" else (val.args[1] if len(val.args) > 1 else None)
        )
        if (
            base is None
            or "leaf" not in base.tags
            or base.name not in ("randn", "rand", "zeros", "ones", "tensor", "empty", "full")
            or base.var
        ):
            continue
        used = any(val in ancestors(a, limit=20) for _, o, _ in ownership.optimizers(p) for a in o.args[:1]) or any(
            v.name == "grad" and v.args and v.args[0] is val
            for m in p.all("manual")
            for a in m.args
            for v in ancestors(a, limit=20)
        )
        if used:
            yield p.report(
                "SB710",
                event,
                f"{event.name} is the result of {val.name}, not a leaf tensor: its .grad stays None",
                why="requires_grad=True was set on the tensor inside the expression, so the optimizer never "
                "changes this one",
                fix="Put requires_grad_() last: (torch.randn(...) * 0.1).requires_grad_()",
            )
