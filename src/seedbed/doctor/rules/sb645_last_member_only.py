"""Only the last member of an ensemble is trained.

## What it does

Finds a loop over the members of an ensemble that trains the variable which the loop before it has left behind.

## Why is this bad

That variable is the last member in every round: it is trained again and again, the others stay random and are averaged
with it.

## Example

```python
members = []
for k in range(3):
    net = nn.Linear(4, 2)
    members.append(net)
for k in range(3):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
votes = torch.stack([member(x) for member in members]).mean(0)
```

## Use instead

```python
members = []
for k in range(3):
    net = nn.Linear(4, 2)
    members.append(net)
for k in range(3):
    optimizer = torch.optim.SGD(members[k].parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(members[k](x), y).backward()
        optimizer.step()
votes = torch.stack([member(x) for member in members]).mean(0)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax, training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    yield from _overwritten(p)
    for scope in (p.source.tree, *q.nodes(p, ast.FunctionDef)):
        loops = [(at, n) for at, n in enumerate(scope.body) if isinstance(n, ast.For)]
        for at, first in loops:
            for name, box in _members(first):
                for later, second in loops:
                    if (
                        later <= at
                        or not _same_count(first, second, box)
                        or _bound(scope.body[at + 1 : later + 1], name)
                    ):
                        continue
                    used = next((n for n in _reads(second.body, name)), None)
                    after = _reads(scope.body[later + 1 :], box)
                    if used is None or not after or _reads(second.body, box) or not _trains(p, second, name):
                        continue
                    yield p.report(
                        "SB645",
                        (used, p.source),
                        f"{name} is left over from the loop at line {first.lineno}: it is the last member of {box} in "
                        "every round, so only the last model is trained and the others stay untrained",
                        why=f"the loop never takes the member whose turn it is; {box} is used afterwards with random "
                        "weights in all other places",
                        fix=f"Loop over the members: for {name} in {box}, or use {box}[k]",
                        related=((str(p.source.path), first.lineno, "where the name was bound"),),
                    )


def _overwritten(p: Program) -> Iterator[Finding]:
    """``for m in self.members: out = m(x)``, where only the ``out`` that the loop leaves behind goes into the loss."""
    for func in q.nodes(p, ast.FunctionDef):
        for at, loop in enumerate(func.body):
            if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name) or loop.orelse:
                continue
            if any(isinstance(n, (ast.Break, ast.Return, ast.If)) for n in syntax.walk(loop)):
                continue
            for node in loop.body:
                made = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
                if not isinstance(made, ast.Name) or not isinstance(node, ast.Assign):
                    continue
                called = {
                    id(n)
                    for n in syntax.walk(node.value)
                    if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == loop.target.id
                }
                rest = func.body[at + 1 :]
                if (
                    len(called) != 1
                    or len(_reads(loop.body, loop.target.id)) != 1
                    or _reads(loop.body, made.id)
                    or not _reads(rest, made.id)
                ):
                    continue
                runs = [e for e in training.forwards(p) if id(e.node) in called and e.grad]
                trained = any(training.trained_output(p, e.result) for e in runs)
                if not trained or not _walks_members(p, loop):
                    continue
                yield p.report(
                    "SB645",
                    (_reads(rest, made.id)[0], p.source),
                    f"{made.id} is overwritten in every round of the loop at line {loop.lineno}: here it is the output "
                    f"of the last of {syntax.text(loop.iter)} alone, so only the last model is trained",
                    why="the outputs of the others go nowhere, and they stay random",
                    fix=f"Use {made.id} within the loop (add up the losses), or keep all outputs in a list",
                )


def _walks_members(p: Program, loop: ast.For) -> bool:
    """Whether a loop runs over a list of models."""
    return any(
        e.node is loop and e.args and any(o.name == "ModuleList" for o in e.args[0].options()) for e in p.all("loop")
    ) or any(
        r.node is loop and r.over is not None and any(o.name == "ModuleList" for o in r.over.options())
        for e in training.forwards(p)
        for r in e.loops
    )


def _members(loop: ast.For) -> list[tuple[str, str]]:
    """The variable that holds one member in each round, and the list of all: filled in the loop or walked through."""
    found = []
    for statement in loop.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        kept = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append"
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and kept and len(call.args) == 1:
            arg, box = call.args[0], call.func.value
            if isinstance(arg, ast.Name) and isinstance(box, ast.Name) and _bound(loop.body, arg.id):
                found.append((arg.id, box.id))
    if isinstance(loop.target, ast.Name) and isinstance(loop.iter, ast.Name):
        found.append((loop.target.id, loop.iter.id))
    return found


def _same_count(first: ast.For, second: ast.For, box: str) -> bool:
    """Whether the second loop has one round for each member."""
    named = any(isinstance(n, ast.Name) and n.id == box for n in syntax.walk(second.iter))
    return named or syntax.text(first.iter) == syntax.text(second.iter)


def _bound(body: list[ast.stmt], name: str) -> bool:
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for s in body for n in syntax.walk(s)
    )


def _reads(body: list[ast.stmt], name: str) -> list[ast.Name]:
    return [
        n
        for s in body
        for n in syntax.walk(s)
        if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
    ]


def _trains(p: Program, loop: ast.For, name: str) -> bool:
    """Whether a model of this name is the only one that goes through a loss in this loop."""
    inside = [e for e in training.forwards(p) if any(r.node is loop for r in e.loops)]
    trained = [e.recv for e in inside if e.grad and training.trained_output(p, e.result) and e.recv is not None]
    backs = [b for b in p.all("backward") if any(r.node is loop for r in b.loops)]
    named = {id(v) for n, v, _ in p.assigns if n == name and v.kind == "module"}
    return bool(backs) and bool(trained) and all(id(o) in named for m in trained for o in m.options())
