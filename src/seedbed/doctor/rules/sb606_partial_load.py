"""Load_state_dict(strict=False) hides keys that did not load.

## What it does

Finds `load_state_dict(strict=False)` whose report of missing keys is thrown away.

## Why is this bad

Keys that do not fit are skipped in silence: a part of the model (or all of it) stays random.

## Example

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"), strict=False)
```

## Use instead

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    discarded = {id(e.node.value) for e in p.all("discard") if isinstance(e.node, ast.Expr)}
    for event in p.once("restore"):
        flag = event.arg(1, "strict")
        if flag is not None and flag.const is False and id(event.node) in discarded:
            yield p.report(
                "SB606",
                event,
                "load_state_dict(strict=False) hides missing and unexpected keys: weights may not be loaded",
                why="keys that do not match are skipped silently, so layers keep their random weights",
                fix="Use strict=True, or check the result: missing, unexpected = model.load_state_dict(..., "
                "strict=False)",
            )
