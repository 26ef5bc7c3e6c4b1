"""A sample is changed in place: the change adds up over epochs.

## What it does

Finds a `__getitem__` that changes the stored data in place.

## Why is this bad

Indexing a tensor gives a view. Each epoch changes the data again: noise or scaling adds up.

## Example

```python
from torch.utils.data import Dataset
class Noisy(Dataset):
    def __init__(self, n):
        self.x = torch.zeros(n, 4)
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        x = self.x[i]
        x += 0.1 * torch.randn(4)
        return x
```

## Use instead

```python
from torch.utils.data import Dataset
class Noisy(Dataset):
    def __init__(self, n):
        self.x = torch.zeros(n, 4)
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        x = self.x[i]
        x = x + 0.1 * torch.randn(4)
        return x
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import drifting, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("augment", "inplace", "setitem"):
        if event.recv is None or id(event.node) in seen:
            continue
        funcs = [f for f in event.funcs if f.name == "__getitem__"]
        base = event.recv
        for one in base.options():
            stored = _stored(one, bool(funcs), event, p) or (
                bool(funcs) and event.kind == "inplace" and _item_of_self(event, one)
            )
            if not stored:
                continue
            if event.kind == "setitem" and one.kind not in ("tensor", "unknown"):
                continue
            if event.kind == "setitem" and not funcs:
                continue
            if event.name in ("requires_grad_", "zero_") or (
                event.kind == "augment" and one.kind in ("number", "const")
            ):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB421",
                event,
                "the stored data is changed in place: the sample is a view, and the change adds up over the epochs",
                why="indexing gives a view of the stored tensor: the in-place change accumulates in the data set "
                "itself",
                fix="Work on a copy: x = x + noise, or x = self.x[i].clone()",
            )
            break
    for event in drifting.drifts(p):
        if id(event.node) in seen:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB421",
            event,
            "the stored data is changed in place in every epoch: noise or scaling adds up from pass to pass",
            why="the tensor was made before the loop and is changed itself (no copy), so each epoch starts from what "
            "the last one left",
            fix="Make a new tensor: noisy = x + noise, or work on x.clone()",
        )


def _stored(val: Val, in_dataset: bool, event: Event, p: Program) -> bool:
    if val.name != "getitem" or len(val.args) < 2 or val.args[1].kind in ("tensor", "list"):
        return False
    base = val.args[0]
    if val.args[1].items and any(i.kind in ("tensor", "list") and i.dtype != "" for i in val.args[1].items):
        return False
    if in_dataset and val.args[1].name in ("list", "sorted", "array"):
        return False
    if in_dataset:
        if base.kind == "tensor":
            fits = base.grad is False and base.name not in ("grad", "getitem", "batch")
            return fits and "deepcopy" not in val.tags and _held(p, base, event)
        return (
            base.kind == "unknown"
            and bool(
                set(words(base.var or base.name))
                & {"data", "x", "images", "samples", "features", "inputs", "signals", "series", "xs"}
            )
            and event.kind != "setitem"
            and _held(p, base, event)
        )
    # a slice of the data in a training loop
    if (
        event.loops
        and val.args[1].kind == "slice"
        and base.kind == "tensor"
        and not base.grad
        and base.shape is not None
    ):
        return (
            any(b.inside(event.loops[-1]) for b in p.all("backward"))
            and base.name not in ("zeros", "empty")
            and event.kind != "setitem"
        )
    return False


_COPIES = frozenset(["tensor", "array", "clone", "copy", "cat", "stack", "concatenate"])


def _held(p: Program, val: Val, event: Event) -> bool:
    """Whether a value lies in memory that stays between the calls: of an attribute or of the file, not of one call."""
    if "held" not in p.cache:
        kept = [a for e in p.all("attribute") if not _in_sample(e) for a in e.args[:1]]
        kept += [v for _, v, e in p.assigns if not e.funcs]
        kept += [v for c in p.classes for v in c.scope.vars.values() if v.kind in ("tensor", "list", "dict", "unknown")]
        p.cache["held"] = {id(i) for k in kept for o in k.options() for i in _inside(o)}
    held: set[int] = p.cache["held"]
    steps = [one for one in (val, *drifting.shared(val)) if "deepcopy" not in one.tags]
    return any(id(one) in held and not _of_call(one, event) for one in steps)


def _of_call(val: Val, event: Event) -> bool:
    """Whether a value is a copy that this very call has made, whoever keeps its result."""
    bodies = [f.node for f in event.funcs if f.name == "__getitem__"]
    inside = any(b.lineno <= val.line <= (getattr(b, "end_lineno", 0) or 0) for b in bodies)
    return inside and val.name in _COPIES


def _inside(val: Val, depth: int = 3) -> Iterator[Val]:
    """A value and, of lists and tables, everything in them."""
    yield val
    for inner in (*(val.items or ()), *(val.attrs.values() if val.kind == "dict" else ())) if depth else ():
        for one in inner.options():
            yield from _inside(one, depth - 1)


def _in_sample(event: Event) -> bool:
    return any(f.name == "__getitem__" for f in event.funcs)


def _item_of_self(event: Event, base: Val) -> bool:
    """Whether ``self.x[i].add_(...)`` changes the stored table, by an index that gives a view."""
    func = event.node.func if isinstance(event.node, ast.Call) else None
    inner = func.value if isinstance(func, ast.Attribute) else None
    if not isinstance(inner, ast.Subscript) or not syntax.text(inner.value).startswith("self."):
        return False
    return base.kind == "tensor" and not base.grad and isinstance(inner.slice, (ast.Name, ast.Slice))
