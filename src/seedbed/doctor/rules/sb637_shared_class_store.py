"""A list or cache in the class body is shared by the training and the evaluation data.

## What it does

Finds data sets whose samples or cache are kept in a class attribute, when several of them are made.

## Why is this bad

There is one list for all objects of the class: the evaluation data hold (or look up) the training samples.

## Example

```python
from torch.utils.data import DataLoader, Dataset
class Rows(Dataset):
    samples = []
    def __init__(self, rows):
        for row in rows:
            self.samples.append(row)
    def __len__(self):
        return len(self.samples)
    def __getitem__(self, i):
        return self.samples[i]
train, test = Rows(x[:80]), Rows(x[80:])
for a in DataLoader(train, batch_size=8, shuffle=True):
    model(a)
```

## Use instead

```python
from torch.utils.data import DataLoader, Dataset
class Rows(Dataset):
    def __init__(self, rows):
        self.samples = []
        for row in rows:
            self.samples.append(row)
    def __len__(self):
        return len(self.samples)
    def __getitem__(self, i):
        return self.samples[i]
train, test = Rows(x[:80]), Rows(x[80:])
for a in DataLoader(train, batch_size=8, shuffle=True):
    model(a)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_EMPTY = frozenset(["list", "dict", "set", "defaultdict", "OrderedDict", "collections.defaultdict", "deque"])
_ADDS = frozenset(["append", "extend", "add", "insert", "update", "setdefault"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        method = cls.method("__getitem__")
        if method is None or not _several(p, cls):
            continue
        for name, node in _stores(cls):
            if _set_anew(cls, name):
                continue
            how = _filled(cls, method.node, name)
            if how:
                yield p.report(
                    "SB637",
                    (node, cls.src),
                    f"{cls.name}.{name} belongs to the class: every data set made from it shares it, and {how}",
                    why="a list or dict in the class body exists once, so training and evaluation data mix (a leak)",
                    fix=f"Make it in __init__: self.{name} = {syntax.text(node.value)}",
                )
                break


def _several(p: Program, cls: Any) -> bool:
    """Whether at least two data sets are made from different data."""
    made = {id(v): v for v in p.of_kind("dataset", "instance") if v.owner is cls}
    groups = {tuple(id(a) for a in v.args) for v in made.values()}
    return len({id(v.node) for v in made.values()}) > 1 and len(groups) > 1


def _stores(cls: Any) -> Iterator[tuple[str, Any]]:
    """Empty lists and dictionaries in the class body."""
    for node in cls.node.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        empty = isinstance(value, (ast.List, ast.Dict)) and not syntax.text(value).strip("[]{}")
        empty = empty or (isinstance(value, ast.Call) and syntax.text(value.func) in _EMPTY)
        if empty and isinstance(target, ast.Name):
            yield target.id, node


def _set_anew(cls: Any, name: str) -> bool:
    """Whether an object gets one of its own, or the class says by its own name that it shares."""
    grown = {id(n.target) for n in syntax.walk(cls.node) if isinstance(n, ast.AugAssign)}
    for node in syntax.walk(cls.node):
        if not isinstance(node, ast.Attribute) or id(node) in grown:
            continue
        named = isinstance(node.value, ast.Name) and node.value.id in ("cls", cls.name)
        if node.attr == name and (isinstance(node.ctx, ast.Store) or named):
            return True
        if node.attr == "clear" and syntax.text(node.value) == f"self.{name}":
            return True
    return False


def _filled(cls: Any, getter: Any, name: str) -> str:
    """How the store is filled with what belongs to one data set, ``""`` when it is not."""
    store = f"self.{name}"
    index = getter.args.args[1].arg if len(getter.args.args) > 1 else ""
    for method in (n for n in cls.node.body if isinstance(n, ast.FunctionDef)):
        for node in syntax.walk(method):
            written = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
            if (
                written
                and method is getter
                and syntax.text(node) == f"{store}[{index}]"
                and not _rebound(getter, index)
            ):
                return f"it is looked up by {index}, a number that means another sample in each of them"
            call = node.func if isinstance(node, ast.Call) else None
            adds = isinstance(call, ast.Attribute) and call.attr in _ADDS - {"update", "setdefault"}
            grows = adds and isinstance(call, ast.Attribute) and syntax.text(call.value) == store
            read = any(isinstance(n, ast.Subscript) and syntax.text(n.value) == store for n in syntax.walk(getter))
            if method is not getter and grows and read:
                return f"{method.name} adds the samples of each to those of all"
            if isinstance(node, ast.AugAssign) and syntax.text(node.target) == store and method is not getter:
                return f"{method.name} adds the samples of each to those of all"
    return ""


def _rebound(getter: Any, index: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == index
        for a in syntax.walk(getter)
        if isinstance(a, (ast.Assign, ast.AugAssign))
        for t in (a.targets if isinstance(a, ast.Assign) else [a.target])
        for n in [t]
    )
