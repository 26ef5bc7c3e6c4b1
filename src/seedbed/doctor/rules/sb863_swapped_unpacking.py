"""What a function returns is unpacked in another order.

## What it does

Finds `acc, loss = evaluate()` where `evaluate` returns `loss, acc`, and heads of a model that change places.

## Why is this bad

Both are numbers or tensors of one shape, so nothing raises. Each is used as the other: a head is trained on the
wrong target, or the best model is chosen by the wrong number.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.age, self.income = nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x):
        age, income = self.age(x), self.income(x)
        return age, income

net = Net()
income, age = net(torch.randn(4, 8))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.age, self.income = nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x):
        age, income = self.age(x), self.income(x)
        return age, income

net = Net()
age, income = net(torch.randn(4, 8))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program

_EMPTY = frozenset(
    [
        "pred",
        "preds",
        "prediction",
        "out",
        "output",
        "outputs",
        "logits",
        "logit",
        "head",
        "heads",
        "fc",
        "net",
        "layer",
        "hat",
        "y",
        "x",
        "p",
        "train",
        "val",
        "valid",
        "test",
        "total",
        "mean",
        "avg",
        "self",
        "and",
        "of",
        "per",
        "batch",
        "epoch",
        "new",
        "all",
        "sum",
    ]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    calls: dict[int, Event] = {id(e.node): e for e in p.all("invoke", "forward") if e.recv is not None}
    for node in q.in_file(p, "unpacked calls", lambda: _unpacked(p)) if calls else ():
        event = calls.get(id(node.value))
        returned = _returned(event) if event is not None else None
        wanted = [_label(t) for t in node.targets[0].elts]
        if returned is None or len(returned) != len(wanted) or len(wanted) > 4:
            continue
        found = _swap(wanted, returned) or _swap(wanted, _as_computed(event, returned))
        if found is None:
            continue
        i, j = found
        yield p.report(
            "SB863",
            (node, p.source),
            f"the results are unpacked in the wrong order: {' '.join(wanted[i])} gets {' '.join(returned[i])}, and "
            f"{' '.join(wanted[j])} gets {' '.join(returned[j])} (swapped)",
            why="both have the same type, so nothing raises, but each is used as the other",
            fix="Unpack in the order of the return statement",
        )


def _unpacked(p: Program) -> list[Any]:
    """Assignments of a call's results to several names."""
    return [
        n for n in q.nodes(p, ast.Assign)
        if len(n.targets) == 1 and isinstance(n.targets[0], ast.Tuple) and isinstance(n.value, ast.Call)
    ]  # fmt: skip


def _swap(wanted: list[list[str]], returned: list[list[str]]) -> tuple[int, int] | None:
    """Two places whose names fit each other's result and not their own."""
    for i in range(len(wanted)):
        for j in range(i + 1, len(wanted)):
            cross = set(wanted[i]) & set(returned[j]) and set(wanted[j]) & set(returned[i])
            own = set(wanted[i]) & set(returned[i]) or set(wanted[j]) & set(returned[j])
            if cross and not own:
                return i, j
    return None


def _returned(event: Event) -> list[list[str]] | None:
    """The names of what the called function returns, if all its return statements agree."""
    owner: Any = event.recv.owner if event.recv is not None else None
    func = owner.method("forward") if owner is not None and hasattr(owner, "method") else owner
    node = getattr(func, "node", None)
    if not isinstance(node, ast.FunctionDef):
        return None
    inner = {
        id(n) for f in syntax.walk(node) if f is not node and isinstance(f, ast.FunctionDef) for n in syntax.walk(f)
    }
    found = [n.value for n in syntax.walk(node) if isinstance(n, ast.Return) and id(n) not in inner]
    if len(found) != 1 or not isinstance(found[0], ast.Tuple):
        return None
    return [_label(e) for e in found[0].elts]


def _as_computed(event: Event | None, returned: list[list[str]]) -> list[list[str]]:
    """The names of what is returned, with those of the functions that each was worked out by in its one assignment."""
    owner: Any = event.recv.owner if event is not None and event.recv is not None else None
    func = owner.method("forward") if owner is not None and hasattr(owner, "method") else owner
    parts = list(syntax.walk(func.node))
    result = next(n.value for n in parts if isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple))
    found = []
    for element, own in zip(result.elts, returned, strict=True):
        name = element.id if isinstance(element, ast.Name) else ""
        sets = [n for n in parts if isinstance(n, ast.Assign) and any(syntax.text(t) == name for t in n.targets)]
        calls = [c for s in sets if len(sets) == 1 for c in syntax.walk(s.value) if isinstance(c, ast.Call)]
        told = [w for c in calls for w in words(syntax.text(c.func).rsplit(".", 1)[-1])]
        found.append([*own, *[w for w in told if w not in _EMPTY and w not in own]])
    return found


def _label(node: ast.AST) -> list[str]:
    """The words that name an expression: a name, an attribute, the layer or the first argument of a call."""
    while isinstance(node, ast.Call):
        text = syntax.text(node.func)
        if text.startswith("self.") and text.count(".") == 1:
            return [w for w in words(text[5:]) if w not in _EMPTY]
        if isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return []
    if isinstance(node, ast.BinOp):
        return _label(node.left)
    if isinstance(node, ast.Attribute):
        return [w for w in words(node.attr) if w not in _EMPTY]
    return [w for w in words(node.id) if w not in _EMPTY] if isinstance(node, ast.Name) else []
