"""A gradient penalty without create_graph=True is a constant.

## What it does

Finds a gradient penalty whose gradient is computed without `create_graph=True`.

## Why is this bad

The penalty is then a constant for `backward()`: it has no effect on the weights.

## Example

```python
critic = nn.Linear(4, 1)
optimizer = torch.optim.Adam(critic.parameters())
for x in loader:
    x.requires_grad_(True)
    score = critic(x)
    grad = torch.autograd.grad(score.sum(), x)[0]
    loss = score.mean() + ((grad.norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
critic = nn.Linear(4, 1)
optimizer = torch.optim.Adam(critic.parameters())
for x in loader:
    x.requires_grad_(True)
    score = critic(x)
    grad = torch.autograd.grad(score.sum(), x, create_graph=True)[0]
    loss = score.mean() + ((grad.norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("grad"):
        if event.name != "torch.autograd.grad" or event.result is None:
            continue
        flag = event.kwargs.get("create_graph")
        if flag is not None and flag.const is not False:
            continue
        if not p.trained(event.result):
            continue
        shaped = any(
            v.name in ("norm", "pow", "square", "vector_norm")
            and any(a is event.result for a in ancestors(v, limit=12))
            for b in p.all("backward")
            if b.recv is not None and b.name != "grad"
            for v in ancestors(b.recv)
        )
        if shaped:
            yield p.report(
                "SB152",
                q.decided(event, flag),
                "the gradient penalty has no effect: torch.autograd.grad without create_graph=True gives a constant",
                why="no gradient flows through the penalty, so the weights do not feel it",
                fix="Pass create_graph=True",
            )
