"""The best score is kept in the wrong direction.

## What it does

Finds a best score that is kept in the wrong direction.

## Why is this bad

The worst model is saved, or none.

## Example

```python
best_loss = 0.0
for epoch in range(10):
    val_loss = evaluate_epoch(model)
    if val_loss > best_loss:
        best_loss = val_loss
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best_loss = float("inf")
for epoch in range(10):
    val_loss = evaluate_epoch(model)
    if val_loss < best_loss:
        best_loss = val_loss
        torch.save(model.state_dict(), "best.pt")
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

_ERRORS = {"fid", "kid", "wer", "cer"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    up = {"acc", "accuracy", "f1", "auc", "score", "iou", "dice", "r2", "map", "precision", "recall"}
    down = {"loss", "error", "err", "mse", "mae", "rmse", "mape", "ppl", "perplexity", "nll", "lpips", *_ERRORS}
    for node in q.nodes(p, ast.If):
        test = node.test
        if isinstance(test, ast.BoolOp):
            test = next((v for v in test.values if isinstance(v, ast.Compare)), test)
        if (
            not isinstance(test, ast.Compare)
            or len(test.ops) != 1
            or not isinstance(test.ops[0], (ast.Lt, ast.Gt, ast.LtE, ast.GtE))
        ):
            continue
        left, right = syntax.text(test.left), syntax.text(test.comparators[0])
        greater = isinstance(test.ops[0], (ast.Gt, ast.GtE))
        assigned = {
            syntax.text(t): syntax.text(v)
            for a in node.body
            if isinstance(a, ast.Assign)
            for target in a.targets
            for t, v in _pairs(target, a.value)
        }
        if assigned.get(right) == left:
            best, score, wants = right, left, greater
        elif assigned.get(left) == right:
            best, score, wants = left, right, not greater
        else:
            continue
        found = set(words(score.replace(".", "_").replace("[", "_"))) | set(
            words(best.replace(".", "_").replace("[", "_"))
        )
        starts = [
            v.const for n, v, e in p.assigns if n == best and v.kind == "const" and isinstance(v.const, (int, float))
        ]
        problem = ""
        if found & _ERRORS:
            found -= {"score"}  # scores by name, errors by meaning
        if found & down and not found & up and wants:
            problem = f"{score} is better when it is lower, but the best is replaced when it is higher"
        elif found & up and not found & down and not wants:
            problem = f"{score} is better when it is higher, but the best is replaced when it is lower"
        elif (starts and wants and starts[0] == float("inf")) or (
            starts and not wants and starts[0] in (0, float("-inf")) and found & (down | {"best"})
        ):
            problem = f"{best} starts at {starts[0]}, so the condition is never true"
        if problem:
            yield p.report(
                "SB310",
                (test, p.source),
                f"the best model is chosen in the wrong direction: {problem}",
                why="the worst checkpoint is kept (or none at all)",
                fix="Use < with float('inf') for losses, > with 0 (or -inf) for scores",
            )


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Targets and values of one assignment, tuples taken apart."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]
