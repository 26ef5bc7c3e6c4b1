"""A slip of the pen that Python accepts: ``=+``, a missing comma between two names, ``is`` with a written value.

## What it does

Finds `total =+ x` where `+=` is meant, lists of names in which two strings stand side by side without a comma, and
`is` between a value and a written string or number.

## Why is this bad

`=+` overwrites, two strings side by side become one name that fits nothing, and `is` compares objects, not values.

## Example

```python
total = 0.0
for x, y in loader:
    loss = F.cross_entropy(model(x), y)
    total =+ loss.item()
```

## Use instead

```python
total = 0.0
for x, y in loader:
    loss = F.cross_entropy(model(x), y)
    total += loss.item()
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_TWO = re.compile(r"""^(["'])[\w.\-]+\1 +(["'])[\w.\-]+\2$""")
_ONE = re.compile(r"""^(["'])[\w.\-]+\1$""")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    lines = p.source.lines
    for node in q.nodes(p, ast.Assign):
        value = node.value
        if not isinstance(value, ast.UnaryOp) or not isinstance(value.op, (ast.UAdd, ast.USub)):
            continue
        line = lines[value.lineno - 1].encode()
        before, after = line[: value.col_offset].decode(), line[value.col_offset :].decode()
        if before.endswith(" =") and after[1:2] == " ":
            sign = after[0]
            yield p.report(
                "SB887",
                (node, p.source),
                f"={sign} assigns {sign}{after[1:].strip()}, it is not {sign}=: the old value is overwritten",
                why="nothing is summed up: only the last value is left",
                fix=f"Write {sign}=",
            )
    for node in q.nodes(p, ast.List, ast.Tuple, ast.Set):
        if len(node.elts) < 2 or not all(isinstance(e, ast.Constant) and isinstance(e.value, str) for e in node.elts):
            continue
        texts = [_text(lines, e) for e in node.elts]
        double = [e for e, t in zip(node.elts, texts, strict=True) if _TWO.match(t)]
        if double and all(_ONE.match(t) or _TWO.match(t) for t in texts):
            yield p.report(
                "SB887",
                (double[0], p.source),
                f"a comma is missing between two strings: they become one, {double[0].value!r}",
                why="the joined name fits nothing, so both entries are missing from the list",
                fix="Put a comma between them",
            )
    for node in q.nodes(p, ast.Compare):
        for op, value in zip(node.ops, node.comparators, strict=True):
            written = isinstance(value, ast.Constant) and type(value.value) in (str, int, float)
            if isinstance(op, (ast.Is, ast.IsNot)) and written:
                yield p.report(
                    "SB887",
                    (node, p.source),
                    f"{ast.unparse(node)} compares objects, not values: equal strings or numbers can be two objects",
                    why="the test can fail although both are equal, so the branch is silently not taken",
                    fix=f"Use {'==' if isinstance(op, ast.Is) else '!='}",
                    severity=Severity.HINT if _own_mark(p, value) or _one_object(p, node, value.value) else None,
                )


def _own_mark(p: Program, value: ast.expr) -> bool:
    """Whether an argument is compared with its own default."""
    return any(m is value for func in q.nodes(p, ast.FunctionDef) for m in _own_marks(func))


def _own_marks(func: ast.FunctionDef) -> list[ast.expr]:
    """The texts that an argument is compared with which are its default: ``def run(mode="usual")``."""
    spec = func.args
    named = [*spec.posonlyargs, *spec.args]
    pairs = [*zip(named[len(named) - len(spec.defaults) :], spec.defaults, strict=False)]
    texts = {(a.arg, d.value) for a, d in pairs if isinstance(d, ast.Constant) and isinstance(d.value, str)}
    tests = [n for n in syntax.below(func, ast.Compare) if isinstance(n.left, ast.Name)] if texts else []
    return [c for n in tests for c in n.comparators if (n.left.id, getattr(c, "value", None)) in texts]


def _one_object(p: Program, node: ast.Compare, value: object) -> bool:
    """Whether equal values are one object here: small whole numbers of Python, and texts written in the program."""
    sides = [e.args[0] for e in p.all("compare") if e.node is node and e.args]
    found = [o for side in sides for o in _ends(side)]
    if type(value) is int and -5 <= value <= 256:
        return not any(o.kind == "tensor" for o in found)
    plain = isinstance(value, str) and value.isidentifier()
    return plain and bool(found) and all(o.kind == "const" and isinstance(o.const, str) for o in found)


def _ends(val: Val) -> list[Val]:
    """All that a value can be, those of loops and branches within it too."""
    found: list[Val] = []
    stack = [val]
    while stack and len(found) < 200:
        one = stack.pop()
        parts = one.args if one.kind == "phi" else ()
        stack += parts
        found += [] if parts else [one]
    return found


def _text(lines: list[str], node: ast.expr) -> str:
    """The text of an expression on one line, ``""`` where it spans several."""
    if node.lineno != node.end_lineno:
        return ""
    return lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode(errors="ignore")
