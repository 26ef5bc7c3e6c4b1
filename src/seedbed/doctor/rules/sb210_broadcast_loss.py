"""Shapes (N, 1) and (N,) broadcast to (N, N) in the loss.

## What it does

Finds `(N, 1)` predictions that meet `(N,)` targets in the trained loss.

## Why is this bad

They broadcast to `(N, N)`: every prediction is compared with every target, and the model learns the mean.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(64, 4)
target = data[:, 0] * 2
for step in range(100):
    optimizer.zero_grad()
    loss = ((model(data) - target) ** 2).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(64, 4)
target = data[:, 0] * 2
for step in range(100):
    optimizer.zero_grad()
    loss = ((model(data).squeeze(1) - target) ** 2).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_SAME_ROWS = frozenset(("detach", "data", "cpu", "cuda", "to", "float", "clone", "numpy", "getitem", "forward"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("broadcast"):
        if event.name == "compare" or event.result is None or not p.trained(event.result):
            continue
        a, b = event.args[0], event.args[1]
        if event.name in ("mul", "div") and _per_sample(a) != _per_sample(b) and not (a.grad and b.grad):
            yield p.report(
                "SB210",
                event,
                "losses (N, 1) times weights (N,) broadcast to (N, N): their shapes differ",
                why="every loss is multiplied with the weight of every sample, so the weighting has no effect",
                fix="Make both shapes equal: weight.unsqueeze(1), or squeeze prediction and target",
                shapes=f"{a.shape} and {b.shape}",
            )
            continue
        if event.depth:
            continue
        if not (a.grad or b.grad):
            if event.name == "sub" and _baseline(a, b):
                yield p.report(
                    "SB210",
                    event,
                    "a vector (N,) minus the column (N, 1) of a network broadcasts to (N, N), which goes into the loss",
                    why="the value of every sample is taken off every other sample: the advantage mixes all of them",
                    fix="Make both shapes equal: values.squeeze(-1)",
                    shapes=f"{a.shape} and {b.shape}",
                )
            continue
        if event.name == "mul" and any(_logarithm(x) for x in (a, b)):
            yield p.report(
                "SB210",
                event,
                "shapes (N, 1) and (N,) broadcast to (N, N) in the loss: log-probabilities times a column",
                why="the log-probability of every sample is multiplied with the value of every other sample",
                fix="Make both shapes equal: squeeze(1) the column, or unsqueeze(1) the vector",
                shapes=f"{a.shape} and {b.shape}",
            )
            continue
        chain = list(q.users(p, event.result))
        if event.name not in ("sub", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss") or any(
            v.name in ("matmul", "softmax") for v in chain
        ):
            continue
        if not any(v.owner is not None and v.name in ("forward", "Linear") for x in (a, b) for v in ancestors(x)):
            continue
        given = _given(p, a if a.shape is not None and len(a.shape) == 2 else b)
        yield p.report(
            "SB210",
            given or _asked(event),
            "shapes (N, 1) and (N,) broadcast to (N, N) in the loss",
            why="every prediction is compared with every target, so the model only learns the mean of the targets",
            fix="Make both shapes equal: pred.squeeze(1), or target.unsqueeze(1)",
            related=((str(event.src.path), event.line, "here they meet"),) if given else (),
            shapes=f"{a.shape} and {b.shape}",
        )


def _baseline(a: Val, b: Val) -> bool:
    """Whether the column is what a network gave, and the vector is nothing of that network's."""
    column, vector = (a, b) if a.shape is not None and len(a.shape) == 2 else (b, a)
    made = list(ancestors(column, _SAME_ROWS, limit=12))
    network = [v for v in made if v.name in ("forward", "Linear") and v.owner is not None]
    return bool(network) and not any(v is network[0] for v in ancestors(vector, limit=400))


def _given(p: Program, column: Val) -> Place | None:
    """Where a model of the program gives the column, unless its callers are to make a row of it themselves."""
    made = next((v for v in ancestors(column, TRANSPARENT, limit=12) if _class_of(v) is not None), None)
    if made is None or made.shape is None or len(made.shape) != 2 or made.shape[1] != 1:
        return None
    cls = _class_of(made)
    for val in p.made("squeeze", "getitem"):
        short = len(val.shape) == 1 if val.shape is not None else val.name == "squeeze"
        if short and val.args and any(_class_of(v) is cls for v in ancestors(val.args[0], TRANSPARENT, limit=20)):
            return None
    method = cls.method("forward") if cls is not None else None
    ends = [n for n in syntax.walk(method.node) if isinstance(n, ast.Return)] if method is not None else []
    return (ends[0], method.src) if method is not None and len(ends) == 1 else None


def _class_of(val: Val) -> Class | None:
    """The class of the program whose ``forward`` gave a value."""
    cls = getattr(val.owner, "owner", None) if val.name == "forward" else None
    return cls if isinstance(cls, Class) else None


def _asked(event: Event) -> Event | Place:
    """Where the two meet: for a loss function that gets both, its call, because there the shapes are decided."""
    func = event.funcs[-1].node if event.funcs else None
    given = getattr(func, "args", None)
    if given is None or not event.sites or not isinstance(event.node, ast.BinOp):
        return event
    names = {a.arg for a in given.args}
    sides = (event.node.left, event.node.right)
    plain = all(isinstance(side, ast.Name) and side.id in names for side in sides)
    return event.sites[-1] if plain else event


def _logarithm(val: Val) -> bool:
    """Whether a value is a log-probability with a gradient, or the ratio of two probabilities, ``exp(new - old)``."""
    one = f.core(val)
    while one.name in ("exp", "clamp", "clip") and one.args:
        one = f.core(one.args[0])
        if one.name == "sub" and one.args:
            one = f.core(one.args[0])
    return one.name in ("log", "log_prob", "logsigmoid", "log_softmax", "log1p") and val.grad


def _per_sample(val: Val) -> bool:
    """Whether a value is a loss (or an error by hand) of each sample."""
    one = f.core(val)
    if not one.grad:
        return False
    if one.name in ("pow", "square", "abs") and one.args:
        inner = f.core(one.args[0])
        return inner.name == "sub" and not all(x.grad for x in inner.args)
    return f.loss_value(one, reduced=False) is not None
