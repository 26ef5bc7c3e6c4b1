"""Return inside the batch loop ends it after the first batch.

## What it does

Finds a `return` that ends a batch loop in its first round.

## Why is this bad

The function looks at one batch only. An indentation slip is the usual cause.

## Example

```python
def accuracy(model, loader):
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum().item()
            return correct / len(loader.dataset)
```

## Use instead

```python
def accuracy(model, loader):
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum().item()
    return correct / len(loader.dataset)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds, syntax, training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("return"):
        loop = event.loop
        if loop is None or not event.funcs or event.conds_in(loop) or event.name == "lambda":
            continue
        body = getattr(loop.node, "body", [])
        if any(
            isinstance(n, ast.Try) and any(event.node is part for s in n.body for part in syntax.walk(s))
            for n in syntax.walk(loop.node)
        ):
            continue  # a loop that tries again until it works
        func = event.funcs[-1]
        if loop.node not in set(syntax.walk(func.node)) or not any(
            s is event.node or event.node in set(syntax.walk(s)) for s in body
        ):
            continue
        if not rounds.is_loader_loop(loop) and not any(e.inside(loop) for e in training.forwards(p)):
            continue
        if (body and body[0] is event.node) or not any(
            e.inside(loop) for e in p.all("forward", "augment", "keep", "backward")
        ):
            continue
        if event.result is not None and event.result.kind == "func":
            continue
        yield p.report(
            "SB314",
            event,
            "return inside the batch loop ends it after the first batch",
            why="the indentation makes it use one batch only; the rest of the data is never seen",
            fix="Dedent the return to after the loop",
            related=((str(loop.src.path), loop.line, "the loop"),),
        )
