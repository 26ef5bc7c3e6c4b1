"""A counter or list gets the value that belongs to its neighbour.

## What it does

Finds neighbouring lines such as `d_losses.append(loss_d)` and `g_losses.append(loss_d)`: two records that are named
for two things get the same value, while the value that is named for the second is there and not recorded.

## Why is this bad

Two columns of the log are one. What is read as the loss of the generator, or the accuracy of the top five, is that of
something else.

## Example

```python
net = nn.Linear(4, 4)
cls_total, reg_total = 0.0, 0.0
for x, y, t in loader:
    out = net(x)
    loss_cls = F.cross_entropy(out[:, :3], y)
    loss_reg = F.mse_loss(out[:, 3], t)
    cls_total += loss_cls.item()
    reg_total += loss_cls.item()
```

## Use instead

```python
net = nn.Linear(4, 4)
cls_total, reg_total = 0.0, 0.0
for x, y, t in loader:
    out = net(x)
    loss_cls = F.cross_entropy(out[:, :3], y)
    loss_reg = F.mse_loss(out[:, 3], t)
    cls_total += loss_cls.item()
    reg_total += loss_reg.item()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_MEASURES = frozenset(
    ["loss", "losses", "acc", "accs", "accuracy", "err", "error", "score", "scores", "f1", "auc", "mse", "mae", "grad"]
)
_PLAIN = frozenset(
    ["running", "total", "epoch", "sum", "avg", "meter", "history", "list", "hist", "all", "n", "i", "log"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for parent in q.nodes(p, ast.Module, ast.FunctionDef, ast.For, ast.While, ast.With, ast.If):
        for block in (parent.body, getattr(parent, "orelse", [])):
            yield from _judge(p, parent, block)


def _judge(p: Program, parent: ast.AST, block: list[ast.stmt]) -> Iterator[Finding]:
    records = [(s, *found) for s in block if (found := _record(s)) is not None]
    for stmt, label, value in records:
        twin = next((r for r in records if r[2] == value and r[0] is not stmt and _fits(r[1], value)), None)
        if twin is None or _fits(label, value):
            continue
        used = {r[2] for r in records}
        others = [n for n in _names(parent) - used if _sibling(n, value) and _fits(label, n)]
        if len(others) == 1:
            yield p.report(
                "SB889",
                (stmt, p.source),
                f"{'_'.join(label)} gets {value}, which is recorded in line {twin[0].lineno} already; {others[0]} is "
                "not recorded (the wrong variable)",
                why="two records hold the same values, so one of the figures is that of something else",
                fix=f"Use {others[0]} here",
            )


def _record(stmt: ast.stmt) -> tuple[tuple[str, ...], str] | None:
    """The words of what a value is added to, and the name of the one measure in it."""
    if isinstance(stmt, ast.AugAssign) and isinstance(stmt.op, ast.Add):
        target, value = stmt.target, stmt.value
    elif (
        isinstance(stmt, ast.Expr)
        and isinstance(stmt.value, ast.Call)
        and isinstance(stmt.value.func, ast.Attribute)
        and stmt.value.func.attr in ("append", "update", "add")
        and stmt.value.args
    ):
        target, value = stmt.value.func.value, stmt.value.args[0]  # type: ignore[assignment]
    else:
        return None
    names = {n.id for n in syntax.walk(value) if isinstance(n, ast.Name) and set(_split(n.id)) & _MEASURES}
    if len(names) != 1:
        return None
    return _label(target), names.pop()


def _label(target: ast.expr) -> tuple[str, ...]:
    if isinstance(target, ast.Subscript):
        key = target.slice.value if isinstance(target.slice, ast.Constant) else ""
        return _split(str(key))
    return _split(syntax.text(target).rsplit(".", 1)[-1]) if isinstance(target, (ast.Name, ast.Attribute)) else ()


def _split(name: str) -> tuple[str, ...]:
    """The words of a name, a number at its end apart: ``acc5`` is ``acc`` and ``5``."""
    return words(name)


def _own(name: str | tuple[str, ...]) -> tuple[str, ...]:
    """What sets a name apart from its neighbours."""
    found = _split(name) if isinstance(name, str) else name
    return tuple(w for w in found if w not in _MEASURES | _PLAIN)


def _fits(label: tuple[str, ...], value: str) -> bool:
    """Whether a record is named for this value."""
    return any(
        a == b or (len(b) == 1 and not b.isdigit() and a.startswith(b)) for a in _own(label) for b in _own(value)
    )


def _sibling(name: str, value: str) -> bool:
    """Whether two names are of one kind: ``loss_d`` and ``loss_g``."""
    kinds = [tuple(w for w in _split(n) if w in _MEASURES) for n in (name, value)]
    return name != value and bool(kinds[0]) and kinds[0] == kinds[1] and bool(_own(name)) and bool(_own(value))


def _names(parent: ast.AST) -> set[str]:
    return {n.id for n in syntax.walk(parent) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
