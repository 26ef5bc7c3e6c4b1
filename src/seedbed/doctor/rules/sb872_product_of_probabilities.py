"""Probabilities of a whole sequence are multiplied.

## What it does

Finds `probs.prod(dim)` in losses and scores, where the factors are looked up in a softmax.

## Why is this bad

The product of 50 probabilities of 0.1 is 1e-50: it underflows to 0 in float32, its logarithm is -inf, and no
gradient is left.

## Example

```python
model = nn.Linear(8, 5)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    p = torch.softmax(model(x), dim=-1)
    likelihood = p.gather(-1, y.unsqueeze(-1)).squeeze(-1).prod(dim=-1)
    loss = -torch.log(likelihood + 1e-9).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(8, 5)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    log_p = torch.log_softmax(model(x), dim=-1)
    loss = -log_p.gather(-1, y.unsqueeze(-1)).squeeze(-1).sum(dim=-1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("prod", "cumprod"):
        if val.kind != "tensor" or id(val.node) in seen:
            continue
        if not val.args or not _looked_up(val.args[0]):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB872",
            val,
            "probabilities are multiplied over the sequence (prod): the product underflows to 0",
            why="long products of numbers below one vanish in float32, and with them the gradient (log gives -inf)",
            fix="Add logarithms: log_softmax(...), gather, then sum over the sequence",
        )


def _looked_up(val: Val) -> bool:
    """Whether values are single entries of a softmax."""
    current, picked, wanted = val, False, "softmax"
    for _ in range(10):
        picked = picked or current.name in ("gather", "getitem", "take_along_dim")
        if current.name == wanted:
            return picked
        if current.name == "exp" and current.args and wanted == "softmax":
            current, wanted = current.args[0], "log_softmax"
            continue
        if (current.name not in TRANSPARENT and current.name not in ("gather", "take_along_dim")) or not current.args:
            return False
        current = current.args[0]
    return False
