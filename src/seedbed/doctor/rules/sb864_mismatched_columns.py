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
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _measured(p)
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


def _measured(p: Program) -> Iterator[Finding]:
    """Errors of single columns that are measured crosswise, where the loss compares all columns one by one."""
    whole = {
        id(f.core(pred).owner)
        for pred, goal, _ in pairs(p)
        if pred.grad and not goal.grad and f.core(pred).owner is not None and f.core(goal).name in ("batch", "getitem")
        if _column(pred) is None and _column(goal) is None
    }
    models = {id(e.recv) for e in p.all("forward") if e.result is not None and id(f.core(e.result).owner) in whole}
    found: dict[int, list[tuple[int, int, Val]]] = {}
    for val in p.made("sub") if models else ():
        sides = [_column(a) for a in val.args] if len(val.args) == 2 and not val.grad else []
        first, second = sides if len(sides) == 2 else (None, None)
        if first is None or second is None:
            continue
        (left, i), (right, j) = first, second
        outs = [any(id(o.owner) in models | whole for o in (b, f.core(b))) for b in (left, right)]
        if outs[0] != outs[1] and left.shape is not None and right.shape is not None and left.shape == right.shape:
            found.setdefault(id(val.node), []).append((i, j, val) if outs[0] else (j, i, val))
    for rows in found.values():
        if all(i != j for i, j, _ in rows):
            i, j, val = rows[0]
            yield p.report(
                "SB864",
                val,
                f"column {i} of the output is measured against column {j} of the target, but the loss trains each "
                "column on the one of the same number",
                why="the error that is reported is that between two different quantities",
                fix=f"Compare it with column {i} of the target: give both the same order of names",
            )


def _column(val: Val) -> tuple[Val, int] | None:
    """The tensor and the number of the column that is taken from it."""
    for one in q.chain(val)[:4]:
        if one.name == "getitem" and len(one.args) > 1 and one.args[1].items:
            keys = one.args[1].items
            if keys[0].kind == "slice" and isinstance(keys[-1].const, int) and len(keys) == 2:
                return one.args[0], keys[-1].const
    return None
