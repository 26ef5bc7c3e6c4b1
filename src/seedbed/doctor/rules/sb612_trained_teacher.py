"""Teacher or target network is trained too.

## What it does

Finds teacher or target networks whose parameters are in the optimizer.

## Why is this bad

The teacher then moves towards the student: both can agree on nothing.

## Example

```python
student, teacher = nn.Linear(4, 3), nn.Linear(4, 3)
optimizer = torch.optim.Adam([*student.parameters(), *teacher.parameters()])
for x in loader:
    optimizer.zero_grad()
    F.mse_loss(student(x), teacher(x)).backward()
    optimizer.step()
```

## Use instead

```python
student, teacher = nn.Linear(4, 3), nn.Linear(4, 3)
optimizer = torch.optim.Adam(student.parameters())
for x in loader:
    optimizer.zero_grad()
    with torch.no_grad():
        goal = teacher(x)
    F.mse_loss(student(x), goal).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, _optimizer, modules in ownership.optimizers(p):
        names = {m.var: m for m in modules if m.var}
        for name, module in names.items():
            if (
                set(words(name)) & {"teacher", "target", "ema", "tgt"}
                and len(modules) > 1
                and any(
                    set(words(n)) & {"student", "model", "net", "policy", "online", "q"} for n in names if n != name
                )
            ):
                yield p.report(
                    "SB612",
                    event,
                    f"{name} is in the optimizer: the teacher (target) network is trained too",
                    why="it moves with the student, so the target is no longer fixed",
                    fix=f"Leave {name}.parameters() out of the optimizer and compute its output under no_grad()",
                    related=(q.place(module),),
                )
