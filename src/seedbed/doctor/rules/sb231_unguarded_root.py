"""The gradient of sqrt or norm at zero is infinite or NaN.

## What it does

Finds square roots whose gradient at zero is infinite.

## Why is this bad

The derivative of sqrt at 0 is infinite. One zero distance (an item with itself) turns all weights into NaN.

## Example

```python
model = nn.Linear(4, 8)
for x, y in loader:
    optimizer.zero_grad()
    d = torch.sqrt((model(x).unsqueeze(1) - model(x).unsqueeze(0)).pow(2).sum(-1))
    loss = d.mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 8)
for x, y in loader:
    optimizer.zero_grad()
    d = torch.sqrt((model(x).unsqueeze(1) - model(x).unsqueeze(0)).pow(2).sum(-1) + 1e-8)
    loss = d.mean()
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


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("sqrt"):
        made = event.result
        if (
            made is None
            or made.name != "sqrt"
            or made.kind != "tensor"
            or not made.args
            or id(event.node) in seen
            or not p.trained(made)
            or not made.grad
        ):
            continue
        inner = made.args[0]
        if (
            inner.name == "sum"
            and inner.args
            and inner.args[0].name in ("pow", "square", "mul")
            and any(v.name == "sub" for v in ancestors(inner, limit=6))
        ):
            if not _gets_gradient(p, made):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB231",
                event,
                "sqrt of a squared distance without epsilon: its gradient is infinite (NaN) where the distance is zero",
                why="one pair of equal points turns the gradient, and then all weights, into NaN",
                fix="Add a small epsilon inside the square root: torch.sqrt(d2 + 1e-8)",
            )


def _gets_gradient(p: Program, root: Val) -> bool:
    """Whether a gradient comes back to it: a distance that only picks the nearest one gets none."""
    starts = [r for b in p.all("backward") for r in (b.recv, *b.args) if r is not None]
    return any(id(root) in training.gradient_path_cached(p, r) for r in starts)
