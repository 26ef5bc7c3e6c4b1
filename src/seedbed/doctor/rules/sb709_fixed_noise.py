"""Noise is drawn once and used in every step.

## What it does

Finds noise that is drawn once and used in every step.

## Why is this bad

The model fits these particular numbers instead of the distribution.

## Example

```python
generator = nn.Linear(8, 4)
discriminator = nn.Linear(4, 1)
optimizer = torch.optim.Adam(generator.parameters())
noise = torch.randn(64, 8)
for step in range(1000):
    optimizer.zero_grad()
    loss = -discriminator(generator(noise)).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
generator = nn.Linear(8, 4)
discriminator = nn.Linear(4, 1)
optimizer = torch.optim.Adam(generator.parameters())
for step in range(1000):
    noise = torch.randn(64, 8)
    optimizer.zero_grad()
    loss = -discriminator(generator(noise)).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        if back.recv is None or not back.loops:
            continue
        for val in ancestors(back.recv):
            if (
                val.kind != "tensor"
                or val.name not in ("randn", "randn_like", "rand", "normal", "rand_like")
                or id(val.node) in seen
                or val.grad
                or "leaf" in val.tags
            ):
                continue
            if not set(words(val.var)) & {"noise", "z", "eps", "epsilon", "latent"} and val.var != "z":
                continue
            if val.loops or rounds.loop_of(p, val) is not None:
                continue
            if any(
                u.name in ("add", "matmul") and u.loops == () and rounds.loop_of(p, u) is None and not u.grad
                for u in q.users(p, val)
            ):
                continue
            loop = back.loops[0].node
            inside = range(getattr(loop, "lineno", 0), (getattr(loop, "end_lineno", 0) or 0) + 1)
            if not any(u.line in inside or rounds.loop_of(p, u) is not None for u in q.users(p, val)):
                continue  # a part of the data, made before
            seen.add(id(val.node))
            yield p.report(
                "SB709",
                val,
                f"{val.var} is drawn once, before the loop, and used in every step: the noise is fixed",
                why="the model fits these particular numbers instead of the distribution",
                fix="Draw the noise inside the loop",
                related=((str(back.src.path), back.line, "it is trained on here"),),
            )
