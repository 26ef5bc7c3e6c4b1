"""A masked loss is averaged over the masked entries too.

## What it does

Finds masked losses that are averaged over the masked entries too.

## Why is this bad

The more is masked, the smaller the loss: long and short sequences get different weights.

## Example

```python
model = nn.Linear(4, 4)
for x, y, mask in loader:
    optimizer.zero_grad()
    per_item = F.mse_loss(model(x), y, reduction="none")
    loss = (per_item * mask).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 4)
for x, y, mask in loader:
    optimizer.zero_grad()
    per_item = F.mse_loss(model(x), y, reduction="none")
    loss = (per_item * mask).sum() / mask.sum()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("call"):
        made = event.result
        if (
            made is None
            or made.name != "mean"
            or made.kind != "tensor"
            or not made.args
            or not p.trained(made)
            or id(event.node) in seen
        ):
            continue
        inner = made.args[0]
        if inner.name != "mul" or len(inner.args) != 2:
            continue
        masks = [a for a in inner.args if "mask" in words(a.var) or "masks" in words(a.var)]
        losses = [a for a in inner.args if a.grad]
        if masks and losses and not any(u.name in ("div", "mul") for u in q.users(p, made)):
            seen.add(id(event.node))
            yield p.report(
                "SB234",
                event,
                "the masked loss is averaged over the masked (padded) entries too",
                why="mean() divides by all entries, so the loss shrinks with the amount of padding",
                fix="Divide by the mask: (loss * mask).sum() / mask.sum()",
            )
