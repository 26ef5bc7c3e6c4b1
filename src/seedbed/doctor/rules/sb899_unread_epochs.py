"""The number of epochs that a function is given is never used.

## What it does

Finds a function with an argument such as `epochs` or `num_epochs` that it never reads, or only shows, while its loop
takes the number from somewhere else.

## Why is this bad

Whoever calls it with another number of epochs gets the training of before, and no error.

## Example

```python
def train(model, loader, optimizer, config, epochs=10):
    for epoch in range(config.num_epochs):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
```

## Use instead

```python
def train(model, loader, optimizer, epochs=10):
    for epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_NAMES = frozenset(["epochs", "num_epochs", "n_epochs", "max_epochs", "nb_epochs", "epoch_count", "total_epochs"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for func in p.nodes(ast.FunctionDef):
        given = [a for a in (*func.args.args, *func.args.kwonlyargs) if a.arg in _NAMES]
        if not given:
            continue
        nodes = [n for part in func.body for n in syntax.walk(part)]
        named = {n.id for n in nodes if isinstance(n, ast.Name)}
        if named & {"locals", "vars"}:
            continue
        for arg in given:
            held = _held(nodes, arg.arg)
            loop = next((n for n in nodes if isinstance(n, ast.For) and _counted_elsewhere(n, held)), None)
            if loop is not None and not _uses(nodes, held):
                yield p.report(
                    "SB899",
                    (arg, p.source),
                    f"{func.name}() is given {arg.arg}, which changes nothing: the loop runs over "
                    f"{syntax.text(loop.iter)}",
                    why="whoever gives another number of epochs gets the same training",
                    fix=f"Loop over range({arg.arg}), or leave the argument out",
                    related=((str(p.source.path), loop.lineno, "the loop"),),
                )


def _held(nodes: list[ast.AST], name: str) -> set[str]:
    """The argument and the names that are made from it."""
    held = {name}
    for node in nodes:
        if isinstance(node, ast.Assign) and _reads(node.value, held):
            held |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return held


def _reads(node: ast.AST, held: set[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in held for n in syntax.walk(node))


def _uses(nodes: list[ast.AST], held: set[str]) -> bool:
    """Whether any of these names is read for more than to show it or to make another of them."""
    idle: set[int] = set()
    for node in nodes:
        shown = isinstance(node, ast.Call) and syntax.name(node.func).rsplit(".", 1)[-1] in ("print", "info", "debug")
        passed = isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) and t.id in held for t in node.targets)
        if shown or passed:
            idle |= {id(n) for n in syntax.walk(node)}
    return any(isinstance(n, ast.Name) and n.id in held and id(n) not in idle for n in nodes)


def _counted_elsewhere(loop: ast.For, held: set[str]) -> bool:
    """Whether a loop over epochs takes their number from an attribute, a table or a global name."""
    over = loop.iter
    while isinstance(over, ast.Call) and syntax.name(over.func).endswith("tqdm") and over.args:
        over = over.args[0]
    if not isinstance(over, ast.Call) or syntax.name(over.func) not in ("range", "trange"):
        return False
    if any(_reads(a, held) for a in over.args):
        return False
    return any("epoch" in syntax.text(a).lower() for a in over.args)
