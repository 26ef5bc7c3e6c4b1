"""The test set is used to choose the model.

## What it does

Finds models that are chosen by their score on the test set.

## Why is this bad

The test score is then the best of many: too good, and no longer a measure for new data.

## Example

```python
best_acc = 0.0
val_acc = 0.0
for epoch in range(10):
    for x, y in test_loader:
        test_acc = (model(x).argmax(1) == y).float().mean().item()
    if test_acc > best_acc:
        best_acc = test_acc
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best_acc = 0.0
for epoch in range(10):
    for x, y in val_loader:
        val_acc = (model(x).argmax(1) == y).float().mean().item()
    if val_acc > best_acc:
        best_acc = val_acc
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    has_val = any(split_of(n) == "val" and v.kind in ("loader", "dataset", "tensor") for n, v, _ in p.assigns) or any(
        q.loop_split(LoopRun(e.node, e.src, e.recv)) == "val" for e in p.all("loop")
    )
    for node in q.nodes(p, ast.If):
        test = node.test  # type: ignore[attr-defined]
        if isinstance(test, ast.BoolOp):
            test = next((v for v in test.values if isinstance(v, ast.Compare)), test)
        if not isinstance(test, ast.Compare) or len(test.comparators) != 1:
            continue
        sides = [ast.unparse(test.left), ast.unparse(test.comparators[0])]
        best = next((s for s in sides if "best" in words(s.replace(".", "_"))), None)
        score = next((s for s in sides if s != best), "")
        if best is None or "test" not in words(
            score.replace(".", "_").replace("[", "_").replace("'", "_").replace('"', "_")
        ):
            continue
        if not any(isinstance(a, ast.Assign) and ast.unparse(a.targets[0]) == best for a in ast.walk(node)):
            continue
        yield p.report(
            "SB311",
            (test, p.source),
            "the test set is used to choose the best model",
            why="the best of many test scores is too optimistic; the test set leaks into the choice",
            fix="Choose by a validation split and use the test set once, at the end",
            severity=Severity.WARNING if has_val else Severity.HINT,
        )
