"""Labels are tiled where the inputs are repeated one by one.

## What it does

Finds labels repeated with `repeat` (1 2 3 1 2 3) whose inputs are flattened views or `repeat_interleave` (1 1 2 2 3 3),
and the other way round.

## Why is this bad

Every input but a few gets the label of another sample.

## Example

```python
for views, labels in loader:
    n, k = views.shape[:2]
    out = model(views.flatten(0, 1))
    optimizer.zero_grad()
    F.cross_entropy(out, labels.repeat(k)).backward()
    optimizer.step()
```

## Use instead

```python
for views, labels in loader:
    n, k = views.shape[:2]
    out = model(views.flatten(0, 1))
    optimizer.zero_grad()
    F.cross_entropy(out, labels.repeat_interleave(k)).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        if feed.y is None:
            continue
        x, y = _order(feed.x), _order(feed.y)
        if x is None or y is None or id(y[0].node) in told or x[0] is y[0] or not _differ(x, y):
            continue
        told.add(id(y[0].node))
        yield p.report(
            "SB475",
            y[0],
            f"the labels are {y[1]} ({y[0].name}), but the inputs are {x[1]} ({x[0].name}): labels do not match",
            why="repeat gives a b c a b c, repeat_interleave and a flattened view axis give a a b b c c: "
            "the label order is another one (wrong labels, misaligned)",
            fix="Use labels.repeat_interleave(k) for inputs that are flattened sample by sample",
            related=((str(x[0].src.path) if x[0].src else "", x[0].line, "the inputs"),),
        )


def _differ(x: tuple[Val, str], y: tuple[Val, str]) -> bool:
    """Whether the rows of inputs and labels certainly stand in different orders."""
    count = _parts(x)
    classes = _classes(y[0])
    if y[1] in ("tiled", "interleaved") and classes is not None:  # numbers of classes, each for many samples
        if count != classes or _times(y[0]) == classes:
            return False
        return (y[1] == "tiled") == (x[1] in ("joined", "interleaved"))
    if y[1] == "joined" and all(i.name in _FILLS for i in y[0].args[0].items or []):  # one class after the other
        return x[1] == "alternating" and count == len(y[0].args[0].items or [])
    if x[1] == "alternating":
        return y[1] == "joined"
    alike = {"joined": "tiled"}
    return alike.get(x[1], x[1]) != alike.get(y[1], y[1])


_FILLS = frozenset(["zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "mul"])


def _parts(x: tuple[Val, str]) -> int | None:
    """How many parts the inputs were put together from."""
    inner = x[0].args[0]
    if x[1] == "joined":
        return len(inner.items or [])
    if x[1] == "alternating":
        return len(inner.args[0].items or [])
    return inner.shape[0] if inner.shape and x[0].name in ("view", "reshape", "flatten") else None


def _classes(step: Val) -> int | None:
    """How many classes, where the labels are made from their numbers: ``arange(2).repeat(n)``."""
    source = step.args[0]
    while source.name in ("tensor", "as_tensor", "array", "asarray") and source.args:
        source = source.args[0]
    if source.name in ("arange", "np_arange") and len(source.args) == 1 and isinstance(source.args[0].const, int):
        return source.args[0].const
    items = source.items if source.kind in ("list", "tuple") and source.name in ("", "literal") else None
    return len(items) if items and all(isinstance(i.const, int) for i in items) else None


def _times(step: Val) -> object:
    return step.args[1].const if len(step.args) > 1 else None


def _order(val: Val) -> tuple[Val, str] | None:
    """The step that makes several rows of each, and in which order they stand."""
    for step in lineage.certain(val)[:15]:
        if step.name == "forward":
            return None
        if step.name in ("repeat_interleave",):
            return step, "interleaved"
        if step.name in ("repeat", "tile", "np_tile") and _leading(step):
            return (step, "tiled") if step.name != "repeat" or _of_torch(step) else None
        if step.name in ("cat", "concatenate") and step.args and step.args[0].items:
            items = step.args[0].items
            dim = step.kwargs.get("dim", step.args[1] if len(step.args) > 1 else None)
            return (step, "joined") if (dim is None or dim.const == 0) and len(items) > 1 else None
        if step.name == "flatten" and _numbers(step.args[1:], step) == [0, 1]:
            swapped = step.args[0].name in ("transpose", "permute", "swapaxes", "stack")
            return (step, "interleaved") if not swapped else None
        if step.name in ("view", "reshape") and step.args and _beside(step.args[0]) and _flat(step):
            return step, "alternating"
        if step.name in ("view", "reshape") and _merges(step):
            return (step, "interleaved") if step.args[0].name not in ("transpose", "permute", "stack") else None
    return None


def _of_torch(step: Val) -> bool:
    """Whether ``repeat`` is that of a tensor: the one of numpy repeats each element."""
    if isinstance(step.node, ast.Call) and syntax.text(step.node.func) in ("np.repeat", "numpy.repeat"):
        return False
    for one in lineage.path(step.args[0], 20):
        made = syntax.text(one.node.func) if isinstance(one.node, ast.Call) else ""
        if made.startswith("torch.") or one.name in ("from_numpy", "batch", "tensor", "as_tensor"):
            return True
        if "numpy" in one.tags or "pandas" in one.tags or made.startswith(("np.", "numpy.")):
            return False
    return True


def _numbers(args: tuple[Val, ...], step: Val) -> list[object]:
    return [a.const for a in (*args, *(step.kwargs.get(k) for k in ("start_dim", "end_dim"))) if a is not None]


def _merges(step: Val) -> bool:
    """Whether ``view(-1, c, h, w)`` merges the first two of five axes, or ``view(-1, d)`` those of three."""
    shape = step.args[0].shape if step.args else None
    sizes = step.args[1:]
    if shape is not None and len(shape) == 3 and len(sizes) == 2:
        return isinstance(shape[2], int) and sizes[1].const == shape[2] and sizes[0].const in (-1, None)
    return shape is not None and len(shape) == 5 and len(sizes) == 4


def _beside(val: Val) -> bool:
    """Whether tables of one width were joined side by side."""
    parts = val.args[0].items if val.name in ("cat", "concat", "concatenate", "hstack") and val.args else None
    given = [*(val.args[1:2] if parts else []), *(val.kwargs[k] for k in ("dim", "axis") if k in val.kwargs)]
    wide = val.name == "hstack" or any(g.const in (1, -1) for g in given)
    return wide and bool(parts) and all(p.shape is not None and len(p.shape) == 2 for p in parts or [])


def _flat(step: Val) -> bool:
    """Whether ``reshape(-1, d)`` brings tables that were joined side by side back to their own width."""
    part = (step.args[0].args[0].items or [step])[0].shape
    return len(step.args) == 3 and part is not None and part[1] is not None and step.args[2].const == part[1]


def _leading(step: Val) -> bool:
    """Whether rows are repeated, not columns."""
    counts = step.args[1:]
    if len(counts) == 1 and counts[0].items:
        counts = tuple(counts[0].items)
    return (
        bool(counts)
        and not (counts[0].kind == "const" and counts[0].const == 1)
        and all(c.kind == "const" and c.const == 1 for c in counts[1:])
    )
