"""Backward() runs only for the last batch of the loop.

## What it does

Finds `backward()` after the batch loop, on the loss of the last batch only.

## Why is this bad

All batches but the last have no influence on the weights.

## Example

```python
for epoch in range(10):
    for x, y in loader:
        loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for epoch in range(10):
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for back in p.once("backward"):
        root = back.recv
        if root is None or root.kind not in ("tensor", "phi"):
            continue
        for loop in p.all("loop"):
            if loop.seq > back.seq or loop.loops != back.loops or not rounds.is_loader_loop_event(loop):
                continue
            made = [
                e
                for e in p.all("loss", "forward")
                if e.result is root and any(r.node is loop.node for r in e.loops) and e.grad
            ]
            if not made and root.name in ("mean", "sum", "div", "add"):
                made = [
                    e
                    for e in training.forwards(p)
                    if any(a is e.result for a in ancestors(root))
                    and any(r.node is loop.node for r in e.loops)
                    and root.node in set(syntax.walk(loop.node))
                ]
            inside = [b for b in p.all("backward") if any(r.node is loop.node for r in b.loops)]
            if not made or inside or any(e.recv is not None and q.reaches_val(root, e.recv) for e in p.all("keep")):
                continue
            if any(
                e.kind == "augment" and e.result is not None and q.reaches_val(root, e.result) for e in p.all("augment")
            ):
                continue
            yield p.report(
                "SB134",
                back,
                "backward() is outside the batch loop: only the last batch of each epoch is used",
                why=f"the loop at line {loop.line} computes a loss for every batch, but only the last one is "
                f"still there",
                fix="Indent zero_grad(), backward() and step() into the batch loop",
                related=((str(loop.src.path), loop.line, "the batch loop"),),
            )
            break
