"""An inner loop overwrites the variable of the outer loop, which is read afterwards.

## What it does

Finds nested loops with the same variable, where the outer loop reads it after the inner one, and loops over batches
that take the names of the whole data set, which is read afterwards.

## Why is this bad

After the inner loop the variable holds the inner loop's last value: schedules, logs and file names use a wrong number.
Where the batch has the name of the whole set, what follows sees the last batch only.

## Example

```python
for i in range(10):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if i % 5 == 0:
        torch.save(model.state_dict(), f"epoch{i}.pt")
```

## Use instead

```python
for epoch in range(10):
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if epoch % 5 == 0:
        torch.save(model.state_dict(), f"epoch{epoch}.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    yield from _overwritten_data(p)
    for outer in q.nodes(p, ast.For):
        names = _names(outer)
        for index, stmt in enumerate(outer.body):
            for inner in syntax.walk(stmt):
                if not isinstance(inner, ast.For) or inner is outer:
                    continue
                for name in names & _names(inner) - {"_"}:
                    read = _read(outer.body[index + 1 :], name)
                    if read is None or not isinstance(stmt, (ast.For, ast.With, ast.If)):
                        continue
                    yield p.report(
                        "SB193",
                        (inner, p.source),
                        f"the inner loop overwrites {name}, the loop variable of the outer loop (line {outer.lineno}), "
                        f"which is read after it at line {read.lineno}",
                        why=f"there {name} is the last value of the inner loop, not the round of the outer one",
                        fix="Give the two loops different names",
                        related=((str(p.source.path), read.lineno, "it is read here"),),
                    )


def _names(loop: ast.For) -> set[str]:
    return {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _read(body: list[ast.stmt], name: str) -> ast.Name | None:
    """The first use of a name in statements, unless it is set before."""
    for stmt in body:
        names = [n for n in syntax.walk(stmt) if isinstance(n, ast.Name) and n.id == name]
        if any(isinstance(n.ctx, ast.Store) for n in names):
            return None
        if names:
            return names[0]
    return None


def _overwritten_data(p: Program) -> Iterator[Finding]:
    """The batches of a loop take the names of the data that the loader was made from."""
    for scope in (p.source.tree, *q.nodes(p, ast.FunctionDef)):
        own = list(_own(scope)) if syntax.below(scope, ast.For) else []
        for loop in [n for n in own if isinstance(n, ast.For)]:
            names = _names(loop) & _made_from(own, loop)
            if not names or _left_early(loop) or _in_branch(own, loop):
                continue
            after = [_first_after(own, loop, name) for name in sorted(names)]
            reads = [n for n in after if n is not None]
            if not reads:
                continue
            read = min(reads, key=lambda n: n.lineno)
            said = ", ".join(sorted(n.id for n in reads))
            yield p.report(
                "SB193",
                (loop, p.source),
                f"the batch loop overwrites {said}: the whole data set had the same name and is read at line "
                f"{read.lineno}",
                why=f"after the loop {said} holds the last batch only, so what follows is computed on a few samples",
                fix="Give the batch another name: for xb, yb in ...",
                related=((str(p.source.path), read.lineno, "it is read here"),),
            )


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function or module without those of functions and comprehensions in it."""
    stack = list(ast.iter_child_nodes(scope))
    closed = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*closed, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            stack.extend(ast.iter_child_nodes(node))


def _made_from(own: list[ast.AST], loop: ast.For) -> set[str]:
    """The data that a loop takes its batches from, by the names that it had before in the same scope."""
    made = [n for n in own if isinstance(n, ast.Assign) and n.lineno < loop.lineno]
    used = {n.id for n in syntax.walk(loop.iter) if isinstance(n, ast.Name)}
    batched = "DataLoader(" in syntax.text(loop.iter)
    for _ in range(3):  # loader, data set, tensors
        for node in made:
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id in used and isinstance(node.value, ast.Call):
                used |= {n.id for n in syntax.walk(node.value) if isinstance(n, ast.Name)}
                batched = batched or syntax.text(node.value.func).rsplit(".", 1)[-1] == "DataLoader"
    bound = {n.id for m in made for t in m.targets for n in syntax.walk(t) if isinstance(n, ast.Name)}
    return used & bound if batched else set()


def _left_early(loop: ast.For) -> bool:
    return any(isinstance(n, (ast.Break, ast.Return)) for n in syntax.walk(loop))


def _in_branch(own: list[ast.AST], loop: ast.For) -> bool:
    """Whether a loop runs under a condition only: what is read after it may be something else."""
    around = [n for n in own if isinstance(n, (ast.If, ast.Try)) and any(inner is loop for inner in syntax.walk(n))]
    return any(isinstance(n, ast.If) or not _leaves(n, loop) for n in around)


def _leaves(guard: ast.Try, loop: ast.For) -> bool:
    """Whether a loop is in a ``try`` that goes on only where the loop has run to its end."""
    inside = any(inner is loop for line in guard.body for inner in syntax.walk(line))
    return inside and all(isinstance(h.body[-1], (ast.Raise, ast.Return)) for h in guard.handlers)


def _first_after(own: list[ast.AST], loop: ast.For, name: str) -> ast.Name | None:
    """Where a name is read after a loop, unless it is set before, or asked for its shape only."""
    end = loop.end_lineno or loop.lineno
    words = ("shape", "dtype", "device", "size")
    asked = {id(n.value) for n in own if isinstance(n, ast.Attribute) and n.attr in words}
    names = [n for n in own if isinstance(n, ast.Name) and n.id == name and n.lineno > end]
    names.sort(key=lambda n: (n.lineno, n.col_offset))
    if not names or not isinstance(names[0].ctx, ast.Load):
        return None
    return next((n for n in names if isinstance(n.ctx, ast.Load) and id(n) not in asked), None)
