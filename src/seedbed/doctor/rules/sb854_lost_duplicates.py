"""x[index] += y counts repeated indices only once.

## What it does

Finds `out[dst] += x[src]`, by which messages, counts or gradients are meant to be summed per index.

## Why is this bad

With repeated indices only the last value is kept: all but one neighbour of a node are lost.

## Example

```python
def propagate(x, edge_index):
    src, dst = edge_index
    out = torch.zeros_like(x)
    out[dst] += x[src]
    return out
```

## Use instead

```python
def propagate(x, edge_index):
    src, dst = edge_index
    out = torch.zeros_like(x)
    out.index_add_(0, dst, x[src])
    return out
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.repeats import repeats
from seedbed.doctor.static.values import Val, ancestors

_REPEATED = frozenset(["dst", "src", "row", "col", "edge", "edges", "receivers", "senders", "target", "targets", "tgt"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("augment"):
        target = event.node.target if isinstance(event.node, ast.AugAssign) else None
        if event.name != "Add" or not isinstance(target, ast.Subscript) or event.recv is None:
            continue
        made = event.recv
        if made.name != "getitem" or len(made.args) < 2 or made.args[0].kind not in ("tensor", "unknown"):
            continue
        key = made.args[1]
        named = _index(key) and (_gathered(event, key) or bool(_REPEATED & set(words(key.var))))
        if not named and not _summed(event, made.args[0], key):
            continue
        yield p.report(
            "SB854",
            event,
            f"{syntax.text(target)} += ... keeps only one value for each repeated index",
            why="an index that occurs several times is written several times from the same old value, not summed",
            fix="Use index_add_ or scatter_add_: out.index_add_(0, index, values)",
        )


def _summed(event: Event, table: Val, key: Val) -> bool:
    """Whether rows are added to a fresh table at numbers that are known to occur several times."""
    added = event.args[0] if event.args else None
    fresh = table.name in ("zeros", "zeros_like", "new_zeros", "np_zeros", "np_zeros_like")
    return fresh and added is not None and added.kind == "tensor" and added.shape != () and repeats(key)


def _index(key: Val) -> bool:
    """Whether a key is a tensor of indices: no number, slice, mask or loop counter."""
    if key.kind not in ("tensor", "unknown") or key.dtype == "bool" or key.name in ("compare", "int", "key"):
        return False
    if key.name in ("randperm", "arange", "argmax", "argsort") or any("counter" in o.tags for o in key.options()):
        return False
    return bool({"src", "dst"} & set(words(key.var))) or any(
        v.name in ("part", "getitem") and _edges(v) for v in ancestors(key, limit=6)
    )


def _edges(val: Val) -> bool:
    return any({"edge", "edges"} & set(words(v.var)) for v in ancestors(val, limit=4))


def _gathered(event: Event, key: Val) -> bool:
    """Whether what is added was read at other indices of the same list of edges."""
    for arg in event.args:
        for one in ancestors(arg, limit=20):
            picked = one.args[1] if one.name == "getitem" and len(one.args) > 1 else None
            if picked is not None and picked is not key and _index(picked):
                return True
    return False
