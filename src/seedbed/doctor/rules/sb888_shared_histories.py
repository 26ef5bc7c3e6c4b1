"""Several histories are one and the same list.

## What it does

Finds lists that are meant to be several and are one object: `dict.fromkeys(keys, [])`, `[[]] * n`, `a = b = []`, and
a comprehension that gives every key the list that was made before it. Only where something is appended to them.

## Why is this bad

What is appended to one is in all of them: training and validation losses are mixed in one curve, and its length is a
multiple of the number of epochs.

## Example

```python
history = dict.fromkeys(["train_loss", "val_loss"], [])
for epoch in range(3):
    history["train_loss"].append(train_epoch(model))
    history["val_loss"].append(evaluate(model))
```

## Use instead

```python
history = {"train_loss": [], "val_loss": []}
for epoch in range(3):
    history["train_loss"].append(train_epoch(model))
    history["val_loss"].append(evaluate(model))
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

_GROWS = frozenset(["append", "extend", "add", "update", "insert", "setdefault"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.Assign, ast.AnnAssign):
        if node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [syntax.text(t) for t in targets if isinstance(t, (ast.Name, ast.Attribute))]
        said = ""
        if len(names) == len(targets) > 1 and _is_empty(node.value):
            if sum(_grown(p, name) for name in names) > 1:
                said = f"{' and '.join(names)} are one list"
        elif len(names) == len(targets) > 1 and _is_meter(p, node.value):
            if sum(_fed(p, name) for name in names) > 1:
                said = f"{' and '.join(names)} are one {syntax.text(node.value)}"
        elif len(targets) == 1:
            said = _several(p, targets[0], node.value)
        if said:
            yield p.report(
                "SB888",
                (_made_in(p, node.value) if len(targets) == 1 else node, p.source),
                f"{said}: the same object under several names, not copies",
                why="what is appended to one of them is in all, so the histories (losses, scores) are mixed",
                fix="Make a new list for each: {k: [] for k in keys}, [[] for _ in range(n)], a, b = [], []",
            )


def _is_meter(p: Program, node: ast.expr) -> bool:
    """Whether an expression makes something that collects: a counter, a dictionary of lists, a meter."""
    if not isinstance(node, ast.Call):
        return False
    name = syntax.text(node.func).rsplit(".", 1)[-1]
    if name in ("defaultdict", "Counter", "deque"):
        return True
    own = any(c.name == name for c in q.nodes(p, ast.ClassDef))
    return bool(_METERS & set(words(name))) and (own or name.endswith(("Meter", "Metric", "Accuracy")))


_METERS = frozenset(["meter", "metric", "accuracy", "average", "averager", "tracker", "counter", "running", "history"])


def _fed(p: Program, name: str) -> bool:
    """Whether values are put into a meter (``m.update(x)``, ``m[key] += x``, ``m(x)``)."""
    if _grown(p, name) or _grown(p, name, inside=True):
        return True
    return any(syntax.text(c.func) in (name, f"{name}.step", f"{name}.log") and c.args for c in q.nodes(p, ast.Call))


def _is_empty(node: ast.AST) -> bool:
    """Whether an expression makes an empty container."""
    if isinstance(node, (ast.List, ast.Set)):
        return not node.elts
    if isinstance(node, ast.Dict):
        return not node.keys
    return isinstance(node, ast.Call) and not node.args and syntax.text(node.func) in ("list", "dict", "set")


def _several(p: Program, target: ast.expr, value: ast.expr) -> str:
    """What is shared, when a value is a container of one inner container many times."""
    shared, value = "", _made_in(p, value)
    if isinstance(value, ast.Call) and syntax.text(value.func) == "dict.fromkeys" and len(value.args) == 2:
        if _is_empty(value.args[1]):
            shared = f"all values of dict.fromkeys(..., {syntax.text(value.args[1])}) are one list"
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        for rows, count in ((value.left, value.right), (value.right, value.left)):
            one = isinstance(rows, ast.List) and len(rows.elts) == 1 and _is_empty(rows.elts[0])
            if one and not (isinstance(count, ast.Constant) and count.value in (0, 1)):
                shared = f"all entries of {syntax.text(value)} are one list"
    elif isinstance(value, ast.DictComp) and isinstance(value.value, ast.Name) and _made_before(p, value):
        shared = f"all keys get the one list {value.value.id}"
    if not shared:
        return ""
    if isinstance(target, (ast.Tuple, ast.List)):
        grown = [syntax.text(t) for t in target.elts if _grown(p, syntax.text(t))]
        return shared if len(grown) > 1 else ""
    return shared if _grown(p, syntax.text(target), inside=True) else ""


def _made_in(p: Program, value: ast.expr) -> ast.expr:
    """What a call of a function of the program gives, where it is one expression; else the expression itself."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return value
    made = [f for f in q.nodes(p, ast.FunctionDef) if f.name == value.func.id]
    ends = [n for f in made for n in syntax.walk(f) if isinstance(n, ast.Return)]
    if len(made) != 1 or len(ends) != 1 or ends[0].value is None or made[0].decorator_list:
        return value
    given = ends[0].value
    if isinstance(given, ast.Name):  # made under a name of its own before
        sets = [n for n in syntax.walk(made[0]) if isinstance(n, ast.Assign) and len(n.targets) == 1]
        own = [n.value for n in sets if syntax.text(n.targets[0]) == given.id]
        return own[0] if len(own) == 1 else value
    return given


def _made_before(p: Program, node: ast.DictComp) -> bool:
    """Whether the value of every key is a list that was made before the comprehension."""
    name = node.value.id if isinstance(node.value, ast.Name) else ""
    own = {n.id for g in node.generators for n in syntax.walk(g.target) if isinstance(n, ast.Name)}
    made = [n for n in q.nodes(p, ast.Assign) if name in [syntax.text(t) for t in n.targets]]
    return name not in own and len(made) == 1 and _is_empty(made[0].value)


def _grown(p: Program, name: str, inside: bool = False) -> bool:
    """Whether something is put into a container, or into what it holds."""
    for call in q.nodes(p, ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _GROWS:
            box = call.func.value
            if inside and isinstance(box, ast.Subscript) and syntax.text(box.value) == name:
                return True
            if not inside and syntax.text(box) == name:
                return True
    for node in q.nodes(p, ast.AugAssign):
        box = node.target
        if syntax.text(box.value if inside and isinstance(box, ast.Subscript) else box) == name:
            return not inside or isinstance(box, ast.Subscript)
    return False
