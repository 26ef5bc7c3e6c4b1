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

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        if feed.y is None:
            continue
        x, y = _order(feed.x), _order(feed.y)
        if x is None or y is None or x[1] == y[1] or id(y[0].node) in told or x[0] is y[0]:
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


def _order(val: Val) -> tuple[Val, str] | None:
    """The step that makes several rows of each, and in which order they stand."""
    for step in lineage.certain(val)[:15]:
        if step.name in ("batch", "element", "forward"):
            return None
        if step.name in ("repeat_interleave",):
            return step, "interleaved"
        if step.name in ("repeat", "tile", "np_tile") and _leading(step):
            return step, "tiled"
        if step.name in ("cat", "concatenate") and step.args and step.args[0].items:
            items = step.args[0].items
            dim = step.kwargs.get("dim", step.args[1] if len(step.args) > 1 else None)
            if (dim is None or dim.const == 0) and len(items) > 1:
                return step, "tiled"
            return None
        if step.name == "flatten" and _numbers(step.args[1:], step) == [0, 1]:
            swapped = step.args[0].name in ("transpose", "permute", "swapaxes", "stack")
            return (step, "interleaved") if not swapped else None
        if step.name in ("view", "reshape") and _merges(step):
            return (step, "interleaved") if step.args[0].name not in ("transpose", "permute", "stack") else None
    return None


def _numbers(args: tuple[Val, ...], step: Val) -> list[object]:
    return [a.const for a in (*args, *(step.kwargs.get(k) for k in ("start_dim", "end_dim"))) if a is not None]


def _merges(step: Val) -> bool:
    """Whether ``view(-1, c, h, w)`` merges the first two of five axes."""
    shape = step.args[0].shape if step.args else None
    sizes = step.args[1:]
    return shape is not None and len(shape) == 5 and len(sizes) == 4


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
