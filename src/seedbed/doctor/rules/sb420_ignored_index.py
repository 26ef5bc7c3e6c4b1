"""__getitem__ does not use its index, or __len__ is wrong.

## What it does

Finds a `__getitem__` that does not use its index for every part of the sample.

## Why is this bad

Every index gives the same sample (or the same label).

## Example

```python
from torch.utils.data import Dataset
class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[0]
```

## Use instead

```python
from torch.utils.data import Dataset
class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[i]
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import item_counts, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        method = cls.scope.vars.get("__getitem__")
        if method is None or method.kind != "func" or cls.base != "dataset":
            continue
        node = method.owner.node
        if len(node.args.args) < 2 or _left_open(node) or _abstract(node):
            continue
        index = node.args.args[1].arg
        used = [n for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Name) and n.id == index]
        random = any(d.draws_random(n) for s in node.body for n in syntax.walk(s) if isinstance(n, ast.expr))
        returns = any(isinstance(n, ast.Return) for s in node.body for n in syntax.walk(s))
        if not used and not random and returns and not _one_item(cls) and not _draws_elsewhere(cls, node):
            yield _finding(p, (node, cls.src), f"{cls.name}.__getitem__ never uses its index {index}")
            continue
        shifted = _shifted(node, index)
        if shifted is not None:
            yield _finding(p, (shifted[0], cls.src), shifted[1])
        yield from _lengths(p, cls, node, index)
        for n in [n for s in node.body for n in syntax.walk(s)]:
            if (
                isinstance(n, ast.Subscript)
                and isinstance(n.value, ast.Attribute)
                and isinstance(n.value.value, ast.Name)
                and n.value.value.id == node.args.args[0].arg
            ) and (
                isinstance(n.slice, ast.Constant)
                and isinstance(n.slice.value, int)
                and n.value.attr not in ("shape", "size")
            ):
                stored = [e for e in p.all("attribute") if e.name == n.value.attr and e.args]
                if (
                    stored
                    and any(o.kind in ("tensor", "unknown", "list") for o in stored[0].args[0].options())
                    and used
                    and set(words(n.value.attr))
                    & {
                        "y",
                        "labels",
                        "targets",
                        "label",
                        "target",
                        "x",
                        "data",
                        "images",
                        "inputs",
                        "samples",
                        "ys",
                        "xs",
                    }
                ):
                    yield _finding(p, (n, cls.src), f"{syntax.text(n)} does not use the index {index}")


def _draws_elsewhere(cls: Any, node: Any) -> bool:
    """Whether a function of the file that the method calls draws at random: each item is another one on purpose."""
    called = {syntax.text(c.func).rsplit(".", 1)[-1] for c in syntax.walk(node) if isinstance(c, ast.Call)}
    bodies = [f for f in cls.src.by_type().get(ast.FunctionDef, ()) if f.name in called]
    return any(d.is_draw(c) for body in bodies for c in syntax.walk(body) if isinstance(c, ast.Call))


def _one_item(cls: Any) -> bool:
    """Whether the data set says itself that it is one item: all that there is, as one batch."""
    method = cls.scope.vars.get("__len__")
    if method is None or method.kind != "func":
        return False
    values = [n.value for n in syntax.walk(method.owner.node) if isinstance(n, ast.Return)]
    return len(values) == 1 and isinstance(values[0], ast.Constant) and values[0].value == 1


def _abstract(node: Any) -> bool:
    """Whether a method only says that subclasses have to write it."""
    body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    last = body[0] if len(body) == 1 else None
    given = last.value if isinstance(last, ast.Return) else last.exc if isinstance(last, ast.Raise) else None
    return any(isinstance(n, ast.Name) and n.id.startswith("NotImplemented") for n in syntax.walk(given or node.args))


def _left_open(node: Any) -> bool:
    """Whether a method is yet to be written: ``...`` stands where its values belong."""
    values = [n.value for n in syntax.walk(node) if isinstance(n, (ast.Assign, ast.Return, ast.Expr))]
    return any(isinstance(v, ast.Constant) and v.value is ... for v in values)


def _lengths(p: Program, cls: Any, node: Any, index: str) -> Iterator[Finding]:
    """A length that does not fit the rows."""
    length = _wrong_length(p, cls, node, index) or item_counts.too_few(cls)
    if length is not None:
        yield p.report(
            "SB420",
            (length[0], cls.src),
            f"the dataset has a wrong length: {length[1]}",
            why="a DataLoader draws indices below __len__, so rows beyond it are skipped",
            fix="Return the number of items: len(self.x), len(self.x) - length for windows",
        )


def _shifted(node: Any, index: str) -> tuple[ast.AST, str] | None:
    """Two stored tables of which one is read at the index, the other next to it or at a random place."""
    plain: set[str] = set()
    others: list[tuple[ast.Subscript, str]] = []
    for n in (m for s in node.body for m in syntax.walk(s)):
        if not (isinstance(n, ast.Subscript) and isinstance(n.value, ast.Attribute)):
            continue
        if isinstance(n.slice, ast.Name) and n.slice.id == index:
            plain.add(n.value.attr)
        elif isinstance(n.slice, ast.BinOp) and isinstance(n.slice.op, (ast.Add, ast.Sub)):
            left, right = n.slice.left, n.slice.right
            if isinstance(left, ast.Name) and left.id == index and isinstance(right, ast.Constant) and right.value:
                others.append((n, f"{syntax.text(n)} reads another row than the index {index}"))
        elif isinstance(n.slice, ast.Call) and d.draws_random(n.slice):
            others.append((n, f"{syntax.text(n)} reads a random row, not that of the index {index}"))
    returned = [n.value for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Return)]
    pairs = [r for r in returned if isinstance(r, ast.Tuple) and len(r.elts) == 2]
    for n, what in others:
        attr = n.value.attr if isinstance(n.value, ast.Attribute) else ""
        if pairs and plain and attr not in plain and len(pairs) == len(returned):
            return n, what
    return None


def _wrong_length(p: Program, cls: Any, node: Any, index: str) -> tuple[ast.AST, str] | None:
    """A ``__len__`` that does not fit tables that are read at the plain index."""
    method = cls.scope.vars.get("__len__")
    if method is None or method.kind != "func":
        return None
    plain = {
        n.value.attr
        for s in node.body
        for n in syntax.walk(s)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Attribute) and syntax.text(n.slice) == index
    }
    uses = [n for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Name) and n.id == index]
    values = [n.value for n in syntax.walk(method.owner.node) if isinstance(n, ast.Return) and n.value is not None]
    if not plain or len(values) != 1 or len(uses) != sum(syntax.text(u) == index for u in uses):
        return None
    value = item_counts.filled(values[0], item_counts.local_sums(method.owner.node))
    text = syntax.text(value)
    tables = {f"self.{a}" for a in plain}
    inside = [n for s in node.body for n in syntax.walk(s) if isinstance(n, ast.BinOp) and index in syntax.text(n)]
    if isinstance(value, ast.Subscript) and text in {f"{t}.shape[{k}]" for t in tables for k in (1, -1, 2)}:
        return value, f"__len__ is {text}, the number of features, not of rows"
    if text in {f"len({t}[0])" for t in tables}:
        return value, f"__len__ is {text}, the length of one row, not the number of rows"
    if isinstance(value, ast.BinOp) and not inside and isinstance(value.op, (ast.FloorDiv, ast.Sub, ast.Div)):
        left = syntax.text(value.left)
        rest = isinstance(value.op, ast.Sub) and syntax.text(value.right) == "1" and _cut_lines(cls, tables)
        if left in {f"len({t})" for t in tables} | {f"{t}.shape[0]" for t in tables} and not rest:
            return value, f"__len__ is {text}: the last rows are never read (it counts too few)"
    if not inside and text.startswith(("math.ceil(", "-(-")) and any(f"len({t}) /" in text for t in tables):
        return value, f"__len__ is {text}, the number of batches: the last rows are never read (it counts too few)"
    if isinstance(value, ast.Call) and text.startswith("len(") and value.args and text[4:-1] not in tables:
        count, rows = _stored(p, cls, text[4:-1]), {_stored(p, cls, t) for t in tables}
        if count is not None and len(rows) == 1 and None not in rows and count < (least := rows.pop() or 0):
            return value, f"__len__ is {text}, which is {count}, but there are {least} rows"
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        stored = [e.args[0] for e in p.all("attribute") if e.name in plain and e.args and e.args[0].shape]
        sizes = {v.shape[0] for v in stored if v.shape and isinstance(v.shape[0], int)}
        if len(sizes) == 1 and value.value < min(sizes):
            return value, f"__len__ is always {value.value}, but there are {sizes.pop()} rows"
    return None


def _cut_lines(cls: Any, tables: set[str]) -> bool:
    """Whether rows are a text cut at its line ends: what follows the last end is an empty row."""
    stored = [n for n in syntax.walk(cls.node) if isinstance(n, ast.Assign) and syntax.text(n.targets[0]) in tables]
    calls = [c for n in stored for c in syntax.walk(n.value) if isinstance(c, ast.Call) and c.args]
    cuts = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "split"]
    return any(isinstance(c.args[0], ast.Constant) and c.args[0].value == "\n" for c in cuts)


def _stored(p: Program, cls: Any, name: str) -> int | None:
    """How many rows an attribute of a data set has, when it is known."""
    short = name.rsplit(".", 1)[-1]
    held = [e.args[0] for e in p.all("attribute") if e.name == short and e.args and e.recv and e.recv.owner is cls]
    if not held and short in cls.scope.vars:
        held = [cls.scope.vars[short]]
    sizes = set()
    for val in held:
        plain = val.kind in ("list", "tuple") and val.name == "" and val.items and "each" not in val.tags
        all_const = plain and all(i.kind == "const" for i in val.items or [])
        sizes.add(val.shape[0] if val.shape else len(val.items or []) if all_const else None)
    return sizes.pop() if len(sizes) == 1 else None


def _finding(p: Program, at: tuple[ast.AST, object], what: str) -> Finding:
    return p.report(
        "SB420",
        at,  # type: ignore[arg-type]
        f"the dataset ignores its index: {what}",
        why="every index gives the same value, so inputs and labels do not belong together",
        fix="Index every part with the index that __getitem__ gets",
    )
