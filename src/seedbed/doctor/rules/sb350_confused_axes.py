"""Recall and precision are read from the wrong axis of the confusion matrix.

## What it does

Finds the diagonal of a confusion matrix divided by its rows or columns under the wrong name.

## Why is this bad

With true classes in the rows, the row sums give recall and the column sums give precision: exchanged, both are wrong.

## Example

```python
matrix = torch.zeros(3, 3)
for true, pred in zip(labels, model(x).argmax(1)):
    matrix[true, pred] += 1
recall = matrix.diag() / matrix.sum(0)
```

## Use instead

```python
matrix = torch.zeros(3, 3)
for true, pred in zip(labels, model(x).argmax(1)):
    matrix[true, pred] += 1
recall = matrix.diag() / matrix.sum(1)
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

_TRUE = frozenset(["t", "y", "true", "truth", "label", "labels", "target", "targets", "gt", "actual", "gold", "yt"])
_GUESS = frozenset(["p", "pred", "preds", "prediction", "guess", "hat", "yhat", "yp", "predicted", "out"])
_RECALL = frozenset(["recall", "recalls", "sensitivity", "tpr"])
_PRECISION = frozenset(["precision", "precisions", "ppv"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    rows = _matrices(p)
    if not rows:
        return
    for node in q.nodes(p, ast.Assign):
        name = syntax.text(node.targets[0]).rsplit(".", 1)[-1]
        said = set(words(name))
        wanted = "recall" if said & _RECALL else "precision" if said & _PRECISION else ""
        for ratio in (
            n for n in syntax.walk(node.value) if wanted and isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)
        ):
            base, axis = _sum(_said(p, node, ratio.right))
            if base not in rows or axis is None or not _diagonal(_said(p, node, ratio.left), base):
                continue
            right = 1 if (wanted == "recall") == (rows[base] == "true") else 0
            if axis % 2 != right:
                yield p.report(
                    "SB350",
                    (ratio, p.source),
                    f"{wanted} is divided by the wrong axis of the confusion matrix: sum({axis}) gives "
                    f"{'precision' if wanted == 'recall' else 'recall'} here",
                    why=f"the rows of {base} are the {'true' if rows[base] == 'true' else 'predicted'} classes",
                    fix=f"Use {base}.sum({right}) for {wanted}",
                )


def _said(p: Program, place: ast.Assign, node: ast.expr) -> ast.expr:
    """What a name stands for that the function around gives one value, above the place where it is read."""
    if not isinstance(node, ast.Name):
        return node
    around: list[ast.AST] = [
        n for n in q.nodes(p, ast.FunctionDef) if n.lineno <= place.lineno <= (n.end_lineno or 0)
    ] or [p.source.tree]
    inner = max(around, key=lambda n: getattr(n, "lineno", 0))
    stored = [n for n in syntax.walk(inner) if isinstance(n, ast.Name) and n.id == node.id and _is_store(n)]
    given = [
        a.value
        for a in syntax.walk(inner)
        if isinstance(a, ast.Assign) and len(stored) == 1 and a.targets[0] is stored[0]
    ]
    return given[0] if len(given) == 1 and stored[0].lineno < place.lineno else node


def _is_store(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _diagonal(node: ast.expr, base: str) -> bool:
    """``m.diag()``, or one cell of the diagonal: ``m[c, c]``."""
    if "diag" in syntax.text(node):
        return True
    if not isinstance(node, ast.Subscript) or syntax.text(node.value) != base:
        return False
    keys = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    return len(keys) == 2 and isinstance(keys[0], ast.Name) and syntax.text(keys[0]) == syntax.text(keys[1])


def _matrices(p: Program) -> dict[str, str]:
    """Confusion matrices by name, with what their rows are: ``"true"`` or ``"pred"``."""
    found: dict[str, str] = {}
    for node in q.nodes(p, ast.AugAssign):
        target = node.target
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Tuple) and len(target.slice.elts) == 2:
            kinds = [_side(syntax.text(e)) for e in target.slice.elts]
            if set(kinds) == {"true", "pred"}:
                found[syntax.text(target.value)] = kinds[0]
    for node in q.nodes(p, ast.Assign):
        call = node.value
        made = isinstance(call, ast.Call) and syntax.text(call.func).rsplit(".", 1)[-1] == "confusion_matrix"
        if made and isinstance(call, ast.Call):
            given = syntax.text(call.args[0]) if len(call.args) >= 2 else "pred"
            if _side(given) != "pred":
                found[syntax.text(node.targets[0])] = "true"
    return found


def _side(text: str) -> str:
    said = set(words(text.split("[")[0].split(".")[0])) | set(words(text.split(".")[0]))
    if said & _GUESS:
        return "pred"
    return "true" if said & _TRUE else ""


def _sum(node: ast.expr) -> tuple[str, int | None]:
    """``("m", 1)`` for ``m.sum(1)``, also inside guards against zero."""
    for call in (n for n in syntax.walk(node) if isinstance(n, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "sum":
            given = [*call.args, *(k.value for k in call.keywords if k.arg in ("dim", "axis"))]
            axis = given[0] if given else None
            line = call.func.value
            if axis is None and isinstance(line, ast.Subscript):
                return syntax.text(line.value), _across(line.slice)
            if isinstance(axis, ast.UnaryOp) and isinstance(axis.operand, ast.Constant):
                return syntax.text(call.func.value), 1
            if isinstance(axis, ast.Constant) and type(axis.value) is int:
                return syntax.text(call.func.value), axis.value
    return "", None


def _across(key: ast.expr) -> int | None:
    """The axis that is summed over in ``m[c].sum()`` (1) and ``m[:, c].sum()`` (0)."""
    if isinstance(key, ast.Name):
        return 1
    keys = key.elts if isinstance(key, ast.Tuple) else []
    whole = [isinstance(k, ast.Slice) and k.lower is k.upper is k.step is None for k in keys]
    return {(True, False): 0, (False, True): 1}.get((whole[0], whole[1])) if len(whole) == 2 else None
