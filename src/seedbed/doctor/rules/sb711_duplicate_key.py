"""A dictionary names one key twice: the first value is lost.

## What it does

Finds dictionary displays that hold the same key twice with different values.

## Why is this bad

The last value silently replaces the first: a metric is logged under the name of another one, an option has another
value than the one that is read first, one class or parameter group is missing.

## Example

```python
def record(train_loss, val_loss):
    return {"loss": train_loss, "loss": val_loss}


print(record(torch.tensor(0.3).item(), 0.4))
```

## Use instead

```python
def record(train_loss, val_loss):
    return {"train_loss": train_loss, "val_loss": val_loss}


print(record(torch.tensor(0.3).item(), 0.4))
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
    for node in q.nodes(p, ast.Dict):
        first: dict[tuple[type, object], ast.expr] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant):
                continue
            known = first.setdefault((type(key.value), key.value), value)
            if known is value or syntax.text(known) == syntax.text(value):
                continue
            yield p.report(
                "SB711",
                (key, p.source),
                f"the dictionary has the key {key.value!r} twice: {syntax.text(known)[:40]} is overwritten by "
                f"{syntax.text(value)[:40]}",
                why="a dictionary keeps one value for a key, the last one; the first is lost without a word",
                fix="Give each value its own key",
            )
