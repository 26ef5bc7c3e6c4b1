"""The optimizer maximizes a loss that should be minimized.

## What it does

Finds optimizers with `maximize=True` whose loss is a usual loss, or an objective that already carries a minus sign.

## Why is this bad

`maximize=True` turns the sign of the update. Together with a loss (or a negated objective) training makes it worse.

## Example

```python
policy = nn.Linear(4, 2)
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2, maximize=True)
for states, actions, returns in batches:
    log_prob = F.log_softmax(policy(states), -1).gather(1, actions)
    loss = -(log_prob * returns).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
policy = nn.Linear(4, 2)
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for states, actions, returns in batches:
    log_prob = F.log_softmax(policy(states), -1).gather(1, actions)
    loss = -(log_prob * returns).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, _ in ownership.optimizers(p):
        flag = optimizer.kwargs.get("maximize")
        if flag is None or flag.const is not True:
            continue
        steps = [s for s in p.all("step") if q.same(s.recv, optimizer)]
        roots = [r for s in steps if (r := _before(p, s)) is not None]
        signs = [_sign(r) for r in roots]
        if not signs or any(s <= 0 for s in signs):
            continue
        yield p.report(
            "SB182",
            event,
            "maximize=True together with a loss (or an objective that already has a minus sign): the optimizer goes "
            "uphill, in the wrong direction",
            why="maximize=True negates the gradient, so what backward() gets is made larger, not smaller",
            fix="Remove maximize=True, or give backward() the objective without the minus",
            related=(q.place(roots[0]),),
        )


def _before(p: Program, step: Event) -> Val | None:
    """What the last backward() before a step was called on."""
    backs = [b for b in p.all("backward") if b.seq < step.seq]
    return (backs[-1].recv or backs[-1].arg(0)) if backs else None


def _sign(root: Val) -> int:
    """1 where all terms want to be minimized, 0 where that is not clear."""
    terms = training.signed_terms(root)
    if not terms:
        return 0
    for sign, term in terms:
        if term.name == "loss":
            if sign < 0:
                return 0
        elif sign > 0:
            return 0
    return 1
