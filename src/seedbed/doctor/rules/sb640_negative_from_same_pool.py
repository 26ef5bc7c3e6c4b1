"""The negative sample is drawn from the same class as the positive one.

## What it does

Finds triplets and pairs whose negative is drawn from the very list that the positive comes from.

## Why is this bad

Positive and negative belong to one class: the loss pushes apart what it should pull together.

## Example

```python
import random
from torch.utils.data import Dataset
class Triplets(Dataset):
    def __init__(self, x, y, by_class):
        self.x, self.y, self.by_class = x, y, by_class
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        label = self.y[i]
        positive = random.choice(self.by_class[label])
        negative = random.choice(self.by_class[label])
        return self.x[i], self.x[positive], self.x[negative]
```

## Use instead

```python
import random
from torch.utils.data import Dataset
class Triplets(Dataset):
    def __init__(self, x, y, by_class):
        self.x, self.y, self.by_class = x, y, by_class
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        label = self.y[i]
        other = random.choice([c for c in self.by_class if c != label])
        positive = random.choice(self.by_class[label])
        negative = random.choice(self.by_class[other])
        return self.x[i], self.x[positive], self.x[negative]
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_DRAWS = frozenset(["choice", "sample", "choices"])
_POSITIVE = frozenset(["pos", "positive", "p", "ap", "same"])
_NEGATIVE = frozenset(["neg", "negative", "n", "an", "different"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for func in q.nodes(p, ast.FunctionDef) if p.source.mentions(*_DRAWS) else ():
        draws = list(_drawn(func))
        for name, pool, node in draws:
            if not set(words(name)) & _NEGATIVE or _tested(func, name):
                continue
            twin = next((d for d in draws if set(words(d[0])) & _POSITIVE and d[1] == pool), None)
            if twin is None or _tested(func, twin[0]) or not _by_class(node) or _changed(func, pool, twin[2], node):
                continue
            yield p.report(
                "SB640",
                (node, p.source),
                f"{name} is drawn from {pool}, as {twin[0]} is: the negative has the same class as the positive",
                why="the pool holds the samples of the anchor's class, so the negative pair is a positive one (same "
                "label)",
                fix="Draw the negative from another class: choose another key first",
                related=((str(p.source.path), twin[2].lineno, "the positive"),),
            )


def _drawn(func: ast.FunctionDef) -> Iterator[tuple[str, str, ast.Assign]]:
    """Names that get a random item of a pool, with the text of the pool."""
    for node in syntax.below(func, ast.Assign):
        value = node.value
        while isinstance(value, ast.Subscript):  # data[random.choice(pool)]
            value = value.slice if isinstance(value.slice, ast.Call) else value.value
        if not (isinstance(value, ast.Call) and value.args):
            continue
        if syntax.text(value.func).rsplit(".", 1)[-1] in _DRAWS and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, syntax.text(value.args[0]), node


def _by_class(node: ast.Assign) -> bool:
    """Whether the pool is one entry of a table of lists: those of one class."""
    calls = [c for c in syntax.walk(node.value) if isinstance(c, ast.Call) and c.args]
    return any(isinstance(c.args[0], ast.Subscript) and not isinstance(c.args[0].slice, ast.Slice) for c in calls)


def _tested(func: ast.FunctionDef, name: str) -> bool:
    """Whether a draw is looked at, and drawn again when it does not do."""
    tests = [n.test for n in syntax.walk(func) if isinstance(n, (ast.While, ast.If, ast.IfExp, ast.Assert))]
    return any(isinstance(n, ast.Name) and n.id == name for t in tests for n in syntax.walk(t))


def _changed(func: ast.FunctionDef, pool: str, one: ast.Assign, other: ast.Assign) -> bool:
    """Whether a name in the pool's expression gets another value between the two draws."""
    names = {n.id for n in syntax.walk(ast.parse(pool, mode="eval")) if isinstance(n, ast.Name)}
    low, high = sorted((one.lineno, other.lineno))
    return any(
        isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Store) and low < n.lineno < high
        for n in syntax.walk(func)
    )
