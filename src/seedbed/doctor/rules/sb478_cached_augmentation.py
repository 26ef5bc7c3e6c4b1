"""A random transform is cached: every sample is augmented once and for all.

## What it does

Finds data sets that keep the result of a random transform, in a dictionary or with `lru_cache`.

## Why is this bad

The first epoch's random numbers are used in all epochs: there is no augmentation, only distorted data.

## Example

```python
from torch.utils.data import DataLoader, Dataset
class Noisy(Dataset):
    def __init__(self, x):
        self.x, self.cache = x, {}
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        if i not in self.cache:
            self.cache[i] = self.x[i] + torch.randn(8)
        return self.cache[i]
for x in DataLoader(Noisy(torch.zeros(100, 8)), batch_size=10, shuffle=True):
    model(x)
```

## Use instead

```python
from torch.utils.data import DataLoader, Dataset
class Noisy(Dataset):
    def __init__(self, x):
        self.x, self.cache = x, {}
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        if i not in self.cache:
            self.cache[i] = self.x[i] * 2
        return self.cache[i] + torch.randn(8)
for x in DataLoader(Noisy(torch.zeros(100, 8)), batch_size=10, shuffle=True):
    model(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors, origins

_CACHES = frozenset(["lru_cache", "cache", "memoize", "cached"])
_RANDOM = frozenset(
    ["randn", "rand", "randn_like", "rand_like", "np_normal", "np_rand", "np_uniform", "uniform", "normal"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("setitem"):
        method = event.funcs[-1] if event.funcs else None
        if method is None or id(event.node) in told or len(event.args) < 2 or not _of_data(method):
            continue
        if event.recv is None or event.recv.kind not in ("dict", "list") or not _reads_again(method, event.node):
            continue
        what = _random(event.args[1], method, _begin(event.args[0]))
        if what:
            told.add(id(event.node))
            yield _finding(p, (event.node, event.src), what)
    for cls in p.classes:
        method = cls.method("__getitem__") if hasattr(cls, "method") else None
        if method is None or not method.decorators & _CACHES or id(method.node) in told:
            continue
        if d.draws_random(method.node) or any("Random" in syntax.text(n) for n in syntax.walk(cls.node)):
            told.add(id(method.node))
            yield _finding(p, (method.node, method.src), "a random step under lru_cache")


def _finding(p: Program, at: Any, what: str) -> Finding:
    return p.report(
        "SB478",
        at,
        f"the augmentation is cached ({what}): every epoch gets the same augmented sample again",
        why="the random transform is drawn once per sample and then frozen, so it no longer augments anything",
        fix="Cache the sample before the random transform, and transform it in every call",
    )


def _of_data(method: Any) -> bool:
    names = (method.name, getattr(method.owner, "base", ""))
    return names[0] == "__getitem__" or names[1] in ("dataset", "iterable")


def _reads_again(method: Any, target: ast.AST) -> bool:
    """Whether the method looks the stored item up, or asks whether it is there."""
    box = syntax.text(target.value) if isinstance(target, ast.Subscript) else ""
    return any(
        (isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Load) and syntax.text(n.value) == box)
        or (isinstance(n, ast.Compare) and syntax.text(n.comparators[-1]) == box)
        or (isinstance(n, ast.Attribute) and n.attr == "get" and syntax.text(n.value) == box)
        for n in syntax.walk(method.node)
    )


def _begin(key: Val) -> int | None:
    """The moment in which the sample was asked for: when its index was made."""
    made = [v.seq for v in ancestors(key, limit=20) if "index" in v.tags]
    return min(made) if made else None


def _seeded(drawn: Val, begin: int | None) -> bool:
    """Whether numbers come from a generator that is made or seeded in this call: it gives the same ones each time."""
    given = drawn.kwargs.get("generator")
    made = list(ancestors(given, limit=10)) if given is not None and begin is not None else []
    return any(v.name in ("Generator", "manual_seed") and v.seq > (begin or 0) for v in made)


def _random(val: Val, method: Any, begin: int | None) -> str:
    if all(o.name in _RANDOM or o.kind in ("const", "number") for o in origins(val)):
        return ""  # the sample itself is drawn: it stands for something that is read
    for one in ancestors(val, limit=200):
        inside = one.src is method.src and method.node.lineno <= one.line <= (method.node.end_lineno or 0)
        inside = inside or (begin is not None and one.seq > begin)  # drawn in what the method calls
        if one.name in _RANDOM and one.kind in ("tensor", "unknown", "method") and inside and not _seeded(one, begin):
            return one.name
        if one.kind == "transform":
            found = next(
                (i.name for i in (one, *(one.items or [])) if i.name.startswith(("Random", "ColorJitter"))), ""
            )
            if found:
                return found
    return ""
