"""A part of the data is never used.

## What it does

Finds batch loops whose batch is not used: the body works on a variable from outside.

## Why is this bad

Every step trains on one and the same batch.

## Example

```python
images, labels = next(iter(loader))
for img, lab in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
```

## Use instead

```python
for images, labels in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, rounds, syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    done: set[int] = set()
    yield from _few_rows(p)
    for event in p.all("loop"):
        node = event.node
        if id(node) in done or not isinstance(node, (ast.For, ast.AsyncFor)) or not rounds.is_loader_loop_event(event):
            continue
        done.add(id(node))
        if event.recv is None or event.recv.name == "range":
            continue
        names = {n.id for n in syntax.walk(node.target) if isinstance(n, ast.Name)}
        used = {
            n.id for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        inside = [e for e in p.all("forward") if any(r.node is node for r in e.loops) and not e.depth]
        if names and not names & used and inside and not all(n.startswith("_") for n in names):
            yield p.report(
                "SB434",
                event,
                f"the batch of the loop ({', '.join(sorted(names))}) is never used: the body works on another variable",
                why="every round uses the same batch, and the data of the loader is never seen",
                fix="Use the loop variables in the body",
            )


_DRAWS = frozenset(["randperm", "np_permutation", "permutation", "randint", "np_randint", "integers", "choice"])


def _few_rows(p: Program) -> Iterator[Finding]:
    """``x[torch.randperm(batch_size)]``: the rows are drawn anew, but always from the first few."""
    seen: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        step = next((v for v in lineage.certain(feed.x) if lineage.row_key(v) is not None), None)
        key = lineage.row_key(step) if step is not None else None
        while (
            key is not None and key.name in ("long", "to", "tolist", "tensor", "as_tensor", "from_numpy") and key.args
        ):
            key = key.args[0]
        if step is None or key is None or key.name not in _DRAWS or id(key.node) in seen:
            continue
        if not feed.event.loops or id(key.node) not in lineage.stepping(p):
            continue
        rows = step.args[0].shape[0] if step.args[0].shape else None
        bounds = [a for a in key.args if a.name not in lineage.GENERATORS]
        high = bounds[0] if key.name in ("randperm", "np_permutation", "permutation") or len(bounds) < 3 else bounds[1]
        count = key.shape[0] if key.shape else None
        if high.kind != "const" or type(high.const) is not int or not isinstance(rows, int) or count != high.const:
            continue
        if 1 < high.const < rows:
            seen.add(id(key.node))
            yield p.report(
                "SB434",
                key,
                f"the rows are drawn from the first {high.const} only: the other {rows - high.const} of {rows} rows "
                "are never used",
                why=f"{key.name.removeprefix('np_')}({high.const}) gives numbers below {high.const}, the batch size, "
                "so every batch holds the same samples (skipped data)",
                fix="Draw from all rows: torch.randperm(len(x))[:batch_size]",
            )
