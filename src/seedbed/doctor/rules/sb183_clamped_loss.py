"""The loss is clipped instead of the gradient.

## What it does

Finds an upper bound on the loss itself (`loss.clamp(max=...)`, `torch.minimum`) before `backward()`.

## Why is this bad

Where the loss is above the bound the gradient is exactly zero: the worst batches teach nothing, and a model that starts
above it never learns.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss = torch.clamp(loss, max=1.0)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_THROUGH = frozenset(("scaled", "div", "mul", "add", "mean", "sum", "squeeze", "view", "to", "float"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        root = back.recv if back.recv is not None else back.arg(0)
        for val in _terms(root) if root is not None else ():
            if val.name not in ("clamp", "clip", "minimum", "min", "clamp_", "clamp_max") or id(val.node) in seen:
                continue
            inner = _scalar_loss(val)
            if inner is None or not _bounded(val):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB183",
                val,
                f"the loss itself is clipped ({val.name}): above the bound its gradient is zero",
                why="clamp passes no gradient where it cuts, so large losses teach nothing",
                fix="Clip the gradients: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _terms(root: Val) -> list[Val]:
    """The factors and terms that the trained number is made of."""
    found: list[Val] = []
    stack = [root]
    while stack and len(found) < 40:
        val = stack.pop()
        found.append(val)
        if val.kind == "phi":
            stack.extend(val.args)
        elif val.name in _THROUGH:
            stack.extend(a for a in val.args if a.grad)
    return found


def _scalar_loss(val: Val) -> Val | None:
    """The loss under an upper bound: one number from the library, not a value for each sample."""
    for one in val.args:
        for source in one.options():
            if source.name == "loss" and source.shape == () and source.grad:
                return source
    return None


def _bounded(val: Val) -> bool:
    if val.name in ("clamp", "clip", "clamp_"):
        high = val.kwargs.get("max") or (val.args[2] if len(val.args) > 2 else None)
        return high is not None and not high.is_none
    return len(val.args) > 1
