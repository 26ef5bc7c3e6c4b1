"""Log of something that can be zero.

## What it does

Finds a logarithm of a probability or difference that can be zero.

## Why is this bad

`log(0)` is minus infinity; its gradient is infinite, and one such value turns all weights into NaN.

## Example

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = -torch.log(F.relu(model(x))).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = -torch.log(F.relu(model(x)) + 1e-6).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("log", "log2", "log10"):
        made = event.result
        if (
            made is None
            or made.kind != "tensor"
            or made.name not in ("log", "log2", "log10")
            or not made.args
            or id(event.node) in seen
        ):
            continue
        if not p.trained(made):
            continue
        ways = training.loss_origins(made.args[0])
        if any(o.kind == "unknown" for o in ways):
            continue  # an activation that is picked by name may be any other one
        for one in ways:
            risky = one.name in ("relu", "compare", "one_hot", "abs")
            soft = one.name in ("softmax", "sigmoid")
            if one.kind == "tensor" and (risky or soft):
                seen.add(id(event.node))
                yield p.report(
                    "SB230",
                    event,
                    f"log of {one.name}: it is minus infinity where {one.name} gives 0",
                    why="the gradient becomes infinite or NaN and destroys the weights",
                    fix="Use log_softmax / logsigmoid, or add a small epsilon before the log",
                    severity=Severity.HINT
                    if soft and (_entropy(p, made) or _shown_twice(p, made))
                    else Severity.WARNING,
                )
                break


def _entropy(p: Program, log: Val) -> bool:
    """Whether a logarithm is weighted by its own argument, ``p * p.log()``: rarely so small that it does harm."""
    own = f.core(log.args[0])
    products = [u for u in q.users(p, log) if u.name == "mul" and len(u.args) == 2]
    return bool(products) and all(any(f.core(a) is own for a in u.args) for u in products)


def _shown_twice(p: Program, log: Val) -> bool:
    """Whether a lesson trains with the formula and, for the same labels, with the ready-made cross-entropy as well."""
    labels = [a for u in q.users(p, log) if u.name == "mul" for a in u.args if a is not log]
    ready = [e for e in p.all("loss") if e.name in ("BCELoss", "BCEWithLogitsLoss") and len(e.args) > 1]
    return any(e.grad and p.trained(e.result) and any(e.args[1] is y for y in labels) for e in ready if e.result)
