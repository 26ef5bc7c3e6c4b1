"""A loss is computed but never reaches backward().

## What it does

Finds a loss that is computed in the training loop but never reaches `backward()`.

## Why is this bad

The part of the objective that it stands for has no influence on the weights.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    out = model(x)
    loss = F.mse_loss(out[:, 0], y)
    reg_loss = F.l1_loss(out[:, 1], y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    out = model(x)
    loss = F.mse_loss(out[:, 0], y)
    reg_loss = F.l1_loss(out[:, 1], y)
    (loss + reg_loss).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_WORDS = frozenset(("loss", "penalty", "reg", "kl", "kld", "regularizer", "aux", "losses", "l2", "l1"))


def _read(p: Program, name: str) -> bool:
    """Whether the name is read anywhere in the file."""
    return any(n.id == name and isinstance(n.ctx, ast.Load) for n in p.nodes(ast.Name))


def _of_trained(p: Program, val: Val) -> bool:
    """Whether it only adds up losses that backward() has got: a figure to show."""
    terms = [t for _, t in formulas.summands(val) if t.grad]
    return terms != [val] and all(p.trained(t) for t in terms)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    untrained = [
        (name, val, event)
        for name, val, event in p.assigns
        if val.kind == "tensor" and val.grad and event.loops and event.first and not p.trained(val)
        if val.shape in ((), None) and (set(words(name)) & _WORDS or (val.name == "loss" and not _read(p, name)))
    ]
    used: set[int] = set()
    for event in p.events if untrained else ():
        if event.kind in ("assign", "discard"):
            continue
        for val in [
            event.recv,
            *event.args,
            *event.kwargs.values(),
            *([event.result] if event.kind == "return" else []),
        ]:
            if val is not None:
                used.add(id(val))
                used.update(map(id, val.options()))
                used.update(map(id, val.inputs()))
    for name, val, event in untrained:
        if id(val) in used or _of_trained(p, val):
            continue
        if not any(b.loops == event.loops for b in p.all("backward")) or not any(
            v.name in ("loss", "mean", "sum", "norm", "add", "mul") for v in (val,)
        ):
            continue
        yield p.report(
            "SB135",
            event,
            f"{name} is computed but never added to what backward() gets: it has no influence",
            why="only what reaches backward() trains the model",
            fix=f"Add {name} to the loss before backward(), or delete it",
        )
