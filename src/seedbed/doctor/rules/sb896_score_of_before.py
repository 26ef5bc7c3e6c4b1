"""The checkpoint is saved with the best score of before.

## What it does

Finds a save under `if score > best:` that stores `best` before it is set to the new score.

## Why is this bad

The file says that its weights reached the score of the model before. What is resumed from it takes worse weights for
better ones, because the bar is too low, and a table of checkpoints shows the wrong numbers.

## Example

```python
best = 0.0
for epoch in range(10):
    score = evaluate(model)
    if score > best:
        torch.save({"model": model.state_dict(), "best": best}, "best.pt")
        best = score
```

## Use instead

```python
best = 0.0
for epoch in range(10):
    score = evaluate(model)
    if score > best:
        best = score
        torch.save({"model": model.state_dict(), "best": best}, "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_PLAIN = (ast.Name, ast.Attribute)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in p.nodes(ast.If):
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.left, _PLAIN):
            continue
        if not isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            continue
        if not isinstance(test.comparators[0], _PLAIN):
            continue
        sides = syntax.text(test.left), syntax.text(test.comparators[0])
        for best, score in (sides, sides[::-1]):
            update = _update(node, best, score)
            call = _saved(node, best, score, update) if update is not None else None
            if call is not None and update is not None:
                yield p.report(
                    "SB896",
                    (call, p.source),
                    f"the checkpoint holds {best} of before: it is set to {score} only after the save",
                    why="the stored score is that of the previous best model, so a resumed run has too low a bar",
                    fix=f"Set {best} = {score} first, then save",
                    related=((str(p.source.path), update.lineno, "it is updated here"),),
                )


def _update(node: ast.If, best: str, score: str) -> ast.Assign | None:
    """``best = score``, as a statement of the branch itself."""
    for part in node.body:
        if isinstance(part, ast.Assign) and len(part.targets) == 1 and syntax.text(part.targets[0]) == best:
            return part if syntax.text(part.value) == score else None
    return None


def _saved(node: ast.If, best: str, score: str, update: ast.Assign) -> ast.Call | None:
    """A save before the update that is given the best score, alone or in a dictionary written there."""
    before = [n for part in node.body if part.lineno < update.lineno for n in syntax.walk(part)]
    for call in before:
        if not isinstance(call, ast.Call) or "save" not in syntax.text(call.func).rsplit(".", 1)[-1].lower():
            continue
        given = [*call.args, *(k.value for k in call.keywords)]
        given += [v for g in given if isinstance(g, ast.Dict) for v in g.values]
        texts = [syntax.text(g) for g in given]
        if best in texts and score not in texts:
            return call
    return None
