"""The object that counts patience or keeps the best is made anew in every epoch.

## What it does

Finds objects of the program's own classes that remember something from call to call (a counter, the best score) and
are created inside the epoch loop in which they are asked.

## Why is this bad

It never remembers more than one epoch: early stopping never stops, and every epoch is the best so far.

## Example

```python
class Stopper:
    def __init__(self, patience):
        self.patience, self.best, self.count = patience, float("inf"), 0

    def __call__(self, loss):
        if loss < self.best:
            self.best, self.count = loss, 0
        else:
            self.count += 1
        return self.count >= self.patience


model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(50):
    stopper = Stopper(5)
    loss = F.mse_loss(model(x_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if stopper(loss.item()):
        break
```

## Use instead

```python
class Stopper:
    def __init__(self, patience):
        self.patience, self.best, self.count = patience, float("inf"), 0

    def __call__(self, loss):
        if loss < self.best:
            self.best, self.count = loss, 0
        else:
            self.count += 1
        return self.count >= self.patience


model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
stopper = Stopper(5)
for epoch in range(50):
    loss = F.mse_loss(model(x_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if stopper(loss.item()):
        break
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    seen: set[int] = set()
    keepers = {c.name: c for c in q.nodes(p, ast.ClassDef) if _counts_patience(c)}
    for name, val, event in p.assigns if keepers else ():
        loop = event.loop
        if val.kind != "instance" or loop is None or id(event.node) in seen or val.node is None:
            continue
        made = syntax.text(val.node.func) if isinstance(val.node, ast.Call) else ""
        low, high = loop.line, getattr(loop.node, "end_lineno", 0) or 0
        if made not in keepers or not rounds.repeats(loop) or rounds.is_loader_loop(loop) or event.src is not loop.src:
            continue
        direct = any(val.node in syntax.walk(s) for s in getattr(loop.node, "body", []) if isinstance(s, ast.Assign))
        inner = any(b.inside(loop) for b in p.all("backward"))
        nested = any(o.outer is not None and o.outer.node is loop.node and _trains_in(p, o.node) for o in _loops(p))
        if not direct or not inner or not low <= event.line <= high or (nested and _epochs(p, loop.node)):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB890",
            event,
            f"{name} ({made}) is made anew in every epoch: its counter and its best score start again (reset)",
            why="it never remembers more than one epoch, so early stopping never stops and every epoch is the best",
            fix=f"Create {name} once before the loop",
        )


def _loops(p: Program) -> list[LoopRun]:
    return [r for e in p.all("backward") for r in e.loops]


def _trains_in(p: Program, node: ast.AST) -> bool:
    return any(r.node is node for e in p.all("backward") for r in e.loops)


def _epochs(p: Program, node: ast.AST) -> bool:
    """Whether a loop over epochs stands inside: then this one runs over folds, seeds or settings."""
    for inner in syntax.walk(node):
        if inner is not node and isinstance(inner, ast.For):
            names = {w for n in syntax.walk(inner.target) if isinstance(n, ast.Name) for w in words(n.id)}
            if names & {"epoch", "ep", "epochs"}:
                return True
    return False


def _stops(method: ast.FunctionDef) -> bool:
    """Whether a method keeps the best of what it is given, counts the rest, and compares the count with a limit."""
    given = {a.arg for a in method.args.args[1:]}
    sets = [
        (t, v)
        for n in syntax.walk(method)
        if isinstance(n, ast.Assign)
        for target in n.targets
        for t, v in _each(target, n.value)
        if _own(t)
    ]
    compared = [
        {syntax.text(s) for s in (n.left, *n.comparators)} for n in syntax.walk(method) if isinstance(n, ast.Compare)
    ]
    kept = {syntax.text(t) for t, v in sets if isinstance(v, ast.Name) and v.id in given}
    best = any(kept & sides and given & sides for sides in compared)
    cleared = {syntax.text(t) for t, v in sets if isinstance(v, ast.Constant) and v.value == 0}
    counted = {syntax.text(n.target) for n in syntax.walk(method) if isinstance(n, ast.AugAssign) and _own(n.target)}
    return best and any(counted & cleared & sides and len(sides) == 2 for sides in compared)


def _own(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and syntax.text(node.value) == "self"


def _each(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """The single assignments of ``a, b = x, y``."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _counts_patience(owner: ast.ClassDef) -> bool:
    """Whether a class counts calls against a patience and keeps a best score, by its names or by what it does."""
    if any(_stops(m) for m in owner.body if isinstance(m, ast.FunctionDef)):
        return True
    names = {n.attr for n in syntax.walk(owner) if isinstance(n, ast.Attribute)}
    told = {w for n in names for w in words(n)}
    counts = any(isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Attribute) for n in syntax.walk(owner))
    return counts and "patience" in told and bool({"best", "lowest", "min"} & told)
