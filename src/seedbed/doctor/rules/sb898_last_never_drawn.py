"""The last item is never drawn: the upper bound of the draw is exclusive.

## What it does

Finds `np.random.randint(0, len(items) - 1)` and `torch.randint(0, len(items) - 1, ...)` as an index into `items`.

## Why is this bad

The upper bound of these functions is not drawn (only that of Python's `random.randint` is). With `- 1` the last item is
never used; of two items always the first one is.

## Example

```python
import numpy as np
names = ["a.wav", "b.wav", "c.wav"]
pick = np.random.randint(0, len(names) - 1)
sound = read(names[pick])
```

## Use instead

```python
import numpy as np
names = ["a.wav", "b.wav", "c.wav"]
pick = np.random.randint(0, len(names))
sound = read(names[pick])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_DRAWS = ("np.random.randint", "numpy.random.randint", "torch.randint", "np.random.choice", "numpy.random.choice",
          "random.randrange")  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    homes: list[ast.AST] = [p.source.tree, *p.nodes(ast.FunctionDef, ast.AsyncFunctionDef)]
    seen: set[int] = set()
    for call in p.nodes(ast.Call):
        items = _all_but_one(call) if _draws(call) else None
        if items is None:
            continue
        around = [h for h in homes[1:] if _holds(h, call)]
        home = max(around, key=lambda h: getattr(h, "lineno", 0)) if around else homes[0]
        if id(home) not in seen and _picks(home, call, items) and not _has_use_for_last(home, items):
            seen.add(id(home))
            yield p.report(
                "SB898",
                (call, p.source),
                f"the last one of {items} is never drawn: the upper bound of randint is exclusive",
                why="len(…) - 1 is the last index, and the upper bound itself is not drawn",
                fix=f"Draw from 0 to len({items})",
            )


def _draws(call: ast.Call) -> bool:
    """Whether a call draws a whole number below its upper bound."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "integers":  # of a generator of numpy
        return not any(k.arg == "endpoint" for k in call.keywords)
    return syntax.name(call.func) in _DRAWS


def _holds(home: ast.AST, node: ast.AST) -> bool:
    return getattr(home, "lineno", 0) <= getattr(node, "lineno", 0) <= (getattr(home, "end_lineno", 0) or 0)


def _all_but_one(call: ast.Call) -> str | None:
    """``items`` of a draw from 0 to ``len(items) - 1``."""
    args = call.args
    if len(args) > 1 and not (isinstance(args[0], ast.Constant) and args[0].value == 0):
        args = args[:1]  # choice(n, size): from 0
    high = args[1] if len(args) > 1 else args[0] if args else None
    if (
        not isinstance(high, ast.BinOp)
        or not isinstance(high.op, ast.Sub)
        or any(k.arg == "high" for k in call.keywords)
    ):
        return None
    one, length = high.right, high.left
    if not isinstance(one, ast.Constant) or one.value != 1 or not isinstance(length, ast.Call):
        return None
    return syntax.text(length.args[0]) if syntax.name(length.func) == "len" and len(length.args) == 1 else None


def _picks(home: ast.AST, call: ast.Call, items: str) -> bool:
    """Whether what is drawn is an index into the same items, and nothing is reckoned with it."""
    nodes = syntax.walk(home)
    picked = [n for n in nodes if isinstance(n, ast.Subscript) and syntax.text(n.value) == items]
    if any(n.slice is call for n in picked):
        return True
    names = {
        t.id
        for n in nodes
        if isinstance(n, ast.Assign) and n.value is call
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    if not any(isinstance(n.slice, ast.Name) and n.slice.id in names for n in picked):
        return False
    reckoned = [n for n in nodes if isinstance(n, (ast.BinOp, ast.AugAssign, ast.Slice))]
    return not any(isinstance(m, ast.Name) and m.id in names for n in reckoned for m in syntax.walk(n))


def _has_use_for_last(home: ast.AST, items: str) -> bool:
    """Whether the last item is taken by itself, so that it may be kept apart."""
    last = (f"{items}[-1]", f"{items}[len({items}) - 1]", f"{items}[:-1]")
    return any(isinstance(n, ast.Subscript) and syntax.text(n) in last for n in syntax.walk(home))
