"""Parts are joined in one order and their labels in another.

## What it does

Finds labels that are made for the length of one part and joined at the place of another.

## Why is this bad

The first rows get the labels of the second part: many samples have the wrong class.

## Example

```python
positive, negative = torch.randn(30, 4) + 1, torch.randn(70, 4)
x = torch.cat([positive, negative])
y = torch.cat([torch.zeros(len(negative)), torch.ones(len(positive))])
optimizer.zero_grad()
F.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
optimizer.step()
```

## Use instead

```python
positive, negative = torch.randn(30, 4) + 1, torch.randn(70, 4)
x = torch.cat([positive, negative])
y = torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))])
optimizer.zero_grad()
F.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_JOINS = frozenset(["cat", "concat", "concatenate", "vstack", "hstack"])
_FILLS = frozenset(["zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "mul"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    pairs = [(f.x, f.y) for f in lineage.feeds(p)[0] if f.y is not None]
    pairs += [(e.args[0], e.args[1]) for e in p.calls("TensorDataset", "train_test_split") if len(e.args) >= 2]
    for x, y in pairs:
        parts, labels = _joined(x), _joined(y)
        if parts is None or id((labels or _written(y) or parts)[0].node) in told:
            continue
        if labels is not None and len(parts[1]) == len(labels[1]):
            places = [_measured(label, parts[1]) for label in labels[1]]
        else:
            labels, places = _written(y), _named(y, parts[1])
        known = [k for k in places if k is not None]
        ordered = list(range(len(parts[1])))
        if labels is None or len(known) != len(places) or sorted(known) != ordered or known == ordered:
            continue
        told.add(id(labels[0].node))
        yield p.report(
            "SB638",
            labels[0],
            "the labels are joined in another order than the inputs: each part gets the labels of another one",
            why="the labels are as long as the parts, but stand in another order (wrong labels, swapped classes)",
            fix="Join the labels in the order of the inputs",
            related=((str(parts[0].src.path) if parts[0].src else "", parts[0].line, "the inputs are joined here"),),
        )


def _joined(val: Val) -> tuple[Val, list[Val]] | None:
    """The step that joins parts along the rows, with its parts."""
    for step in lineage.certain(val):
        if step.name in _JOINS and step.args and step.args[0].items:
            axis = step.kwargs.get("dim") or step.kwargs.get("axis") or (step.args[1] if len(step.args) > 1 else None)
            flat = step.name != "hstack" or all(i.shape is not None and len(i.shape) == 1 for i in step.args[0].items)
            return (step, step.args[0].items) if flat and (axis is None or axis.const == 0) else None
        if step.name == "add" and len(step.args) == 2 and all(_list(a) for a in step.args):
            return step, list(step.args)
        if step.name in ("repeat", "tile", "repeat_interleave", "flip"):
            return None
    return None


def _written(val: Val) -> tuple[Val, list[Val]] | None:
    """``[0] * len(a) + [1] * len(b)``, as one list that is read at once."""
    for step in lineage.certain(val):
        if step.kind == "list" and step.name == "concat":
            return step, []
        if step.kind == "tensor" and step.args and step.args[0].kind == "list" and step.args[0].name == "concat":
            return step.args[0], []
    return None


def _named(val: Val, parts: list[Val]) -> list[int | None]:
    """For each run of equal labels the part that its length is that of, by the names in the code."""
    found = _written(val)
    names = [p.var for p in parts]
    if found is None or len(set(names)) != len(names) or not all(names):
        return []
    runs, stack = [], [found[0].node]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            stack += [node.right, node.left]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            size = next((s for s in (node.left, node.right) if not isinstance(s, ast.List)), node)
            text = syntax.text(size)
            runs.append(next((k for k, n in enumerate(names) if text in (f"len({n})", f"{n}.shape[0]")), None))
        else:
            return []
    return runs


def _list(val: Val) -> bool:
    """Whether it is ``[label] * n``."""
    return val.name == "mul" and any(a.kind == "list" for a in val.args)


def _measured(label: Val, parts: list[Val]) -> int | None:
    """Which of the parts a run of equal labels is as long as."""
    while label.name in ("long", "float", "astype", "to", "tensor", "int", "from_numpy", "as_tensor") and label.args:
        label = label.args[0]
    if label.name not in _FILLS or (label.name == "mul" and not _list(label)):
        return None
    rows = [part.shape[0] if part.shape else None for part in parts]
    if label.shape and isinstance(label.shape[0], int) and None not in rows and len(set(rows)) == len(rows):
        return rows.index(label.shape[0]) if label.shape[0] in rows else None
    sizes = [a for a in label.args if a.kind != "list" or not _list(label)]
    behind = {id(v) for s in sizes for v in ancestors(s, limit=60)}
    found = [k for k, part in enumerate(parts) if _names(part) & behind]
    return found[0] if len(found) == 1 else None


def _names(part: Val) -> set[int]:
    """A part and what has the very same rows."""
    found, current = {id(part)}, part
    while current.name in ("tensor", "as_tensor", "from_numpy", "float", "to", "astype", "array") and current.args:
        current = current.args[0]
        found.add(id(current))
    return found
