"""The random transform is applied once, when the data set is made.

## What it does

Finds data sets whose `__init__` puts all samples through a random transform, while `__getitem__` only looks them up.

## Why is this bad

Every epoch sees the same augmented samples: the data is distorted once, and the set is not larger than before.

## Example

```python
from torch.utils.data import DataLoader, Dataset
class Noise:
    def __call__(self, x):
        return x + torch.randn_like(x)
class Rows(Dataset):
    def __init__(self, x, transform):
        self.x = torch.stack([transform(row) for row in x])
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i]
for xb in DataLoader(Rows(torch.zeros(100, 4), Noise()), batch_size=10, shuffle=True):
    model(xb)
```

## Use instead

```python
from torch.utils.data import DataLoader, Dataset
class Noise:
    def __call__(self, x):
        return x + torch.randn_like(x)
class Rows(Dataset):
    def __init__(self, x, transform):
        self.x, self.transform = x, transform
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.transform(self.x[i])
for xb in DataLoader(Rows(torch.zeros(100, 4), Noise()), batch_size=10, shuffle=True):
    model(xb)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_WORDS = frozenset(["transform", "transforms", "augment", "augmentation", "aug", "tf", "tfm"])
_DRAWS = frozenset(["randn", "randn_like", "rand", "rand_like", "randint", "normal", "uniform", "bernoulli", "random"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("attribute"):
        owner = event.funcs[-1] if event.funcs else None
        data = event.recv
        if owner is None or owner.name != "__init__" or data is None or data.kind != "dataset" or not event.args:
            continue
        call = _applied(owner, event.node)
        if call is None or id(call) in told or not _random(p, event.args[0]):
            continue
        method = data.owner.method("__getitem__") if hasattr(data.owner, "method") else None
        if method is None or d.draws_random(method.node) or _calls_transform(method.node):
            continue
        told.add(id(call))
        yield p.report(
            "SB487",
            (call, event.src),
            f"the random augmentation {syntax.text(call)} runs once in __init__: every epoch gets the same samples",
            why="__getitem__ only looks up what was augmented when the data set was made (identical in each epoch)",
            fix="Apply the transform in __getitem__",
        )


def _applied(func: Any, target: ast.AST) -> ast.Call | None:
    """The call of a transform in the assignment of this attribute."""
    for node in syntax.walk(func.node):
        if isinstance(node, ast.Assign) and any(t is target for t in node.targets):
            calls = [c for c in syntax.walk(node.value) if isinstance(c, ast.Call) and c.args]
            return next((c for c in calls if set(words(syntax.text(c.func).rsplit(".", 1)[-1])) & _WORDS), None)
    return None


def _calls_transform(node: ast.AST) -> bool:
    calls = [c for c in syntax.walk(node) if isinstance(c, ast.Call)]
    return any(set(words(syntax.text(c.func).rsplit(".", 1)[-1])) & _WORDS for c in calls)


def _random(p: Program, val: Val) -> bool:
    """Whether a transform that made these values draws random numbers."""
    spans = [
        (f.src, f.node.lineno, f.node.end_lineno or 0)
        for f in p.functions
        if f.name in ("__call__", "forward") or set(words(f.name)) & _WORDS
    ]
    for one in ancestors(val, limit=600):
        if one.kind == "transform":
            if any(i.name.startswith(("Random", "ColorJitter", "Gaussian")) for i in (one, *(one.items or []))):
                return True
        elif one.name.removeprefix("np_") in _DRAWS and any(
            one.src is src and low <= one.line <= high for src, low, high in spans
        ):
            return True
    return False
