"""A round with a bad loss is skipped after backward(), and its gradients stay.

## What it does

Finds a ``continue`` for a loss that is not finite between ``backward()`` and ``step()``, where ``zero_grad()`` only
stands after ``step()``.

## Why is this bad

The gradients of the bad batch (NaN or infinite) are not cleared: the next ``backward()`` adds to them, so one bad
batch destroys the weights although it was skipped.

## Example

```python
for x, y in loader:
    loss = F.mse_loss(model(x), y)
    loss.backward()
    if not torch.isfinite(loss):
        continue
    optimizer.step()
    optimizer.zero_grad()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    if not torch.isfinite(loss):
        continue
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for skip in p.all("continue", "step"):
        loop = skip.loop
        tests = [c[0] for c in skip.conds_in(loop) if isinstance(c[0], ast.If) and _finite(syntax.text(c[0].test))]
        if loop is None or id(skip.node) in seen or not tests:
            continue
        here = [e for e in p.all("backward", "clear", "step") if e.loop is not None and e.loop.node is loop.node]
        here = [e for e in here if e.rounds == skip.rounds and e.loop is loop]
        before = [e for e in here if e.seq < skip.seq]
        after = [e for e in here if e.seq > skip.seq or e is skip]
        if not before or before[-1].kind != "backward" or any(e.kind == "clear" for e in before):
            continue
        if [e.kind for e in after[:2]] != ["step", "clear"]:
            continue
        if skip.kind == "step" and not _only_there(after, tests[-1]):
            continue
        seen.add(id(skip.node))
        yield p.report(
            "SB371",
            skip if skip.kind == "continue" else (tests[-1], p.source),
            "a batch with a loss that is not finite is skipped after backward(): its gradients are not cleared",
            why="zero_grad() only runs after step(), so the NaN or infinite gradients stay and spoil the next update",
            fix="Test the loss before backward(), or call zero_grad() before continue",
            related=((str(before[-1].src.path), before[-1].line, "backward()"),),
        )


def _only_there(after: list[Event], test: ast.AST) -> bool:
    """Whether all that clears the gradients stands under the test, and the step with it."""
    clears = [e for e in after if e.kind == "clear"]
    return all(any(c[0] is test and c[1] == 0 for c in e.conds) for e in [after[0], *clears])


def _finite(text: str) -> bool:
    return any(w in text for w in ("isfinite", "isnan", "isinf"))
