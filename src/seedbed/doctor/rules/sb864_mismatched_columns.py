"""One column of the output is compared with another column of the target.

## What it does

Finds losses of `out[:, 1]` with `y[:, 0]` beside one of `out[:, 0]` with `y[:, 0]`.

## Why is this bad

A copied line: the second output learns the first target, and the second target is never learned.

## Example

```python
model = nn.Linear(8, 2)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    out = model(x)
    loss = F.mse_loss(out[:, 0], y[:, 0]) + F.mse_loss(out[:, 1], y[:, 0])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(8, 2)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    out = model(x)
    loss = F.mse_loss(out[:, 0], y[:, 0]) + F.mse_loss(out[:, 1], y[:, 1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    found: list[tuple[int, int, Val, Val, Event]] = []
    losses = [(e.args[0], e.args[1], e) for e in p.once("loss") if len(e.args) > 1 and p.trained(e.result)]
    for pred, target, event in [*losses, *pairs(p)]:
        out, goal = _column(pred), _column(target)
        if out is None or goal is None or not pred.grad or target.grad:
            continue
        found.append((out[1], goal[1], out[0], goal[0], event))
    seen: set[int] = set()
    for i, j, out_, goal_, event in found:
        others = [g for g in found if g[2] is out_ and g[3] is goal_ and g[4].node is not event.node]
        if i == j or not any(a == b == j for a, b, *_ in others) or id(event.node) in seen:
            continue
        if any(a == b == i for a, b, *_ in others):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB864",
            event,
            f"column {i} of the output is compared with column {j} of the target, which column {j} is for already",
            why=f"this output learns the wrong target, and column {i} of the targets is never learned",
            fix=f"Compare it with column {i} of the target",
        )


def _column(val: Val) -> tuple[Val, int] | None:
    """The tensor and the number of the column that is taken from it."""
    for one in q.chain(val)[:4]:
        if one.name == "getitem" and len(one.args) > 1 and one.args[1].items:
            keys = one.args[1].items
            if keys[0].kind == "slice" and isinstance(keys[-1].const, int) and len(keys) == 2:
                return one.args[0], keys[-1].const
    return None
