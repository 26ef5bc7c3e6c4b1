"""Embeddings of tokens are normalised over time.

## What it does

Finds `F.normalize(x)` without `dim` on a (batch, time, features) tensor: its default is axis 1.

## Why is this bad

Axis 1 is time. The vectors do not have length one, so their products are no cosines.

## Example

```python
layer = nn.Linear(10, 16)
a = nn.functional.normalize(layer(torch.randn(4, 6, 10)))
sim = a @ a.transpose(1, 2) / 0.1
```

## Use instead

```python
layer = nn.Linear(10, 16)
a = nn.functional.normalize(layer(torch.randn(4, 6, 10)), dim=-1)
sim = a @ a.transpose(1, 2) / 0.1
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("normalize"):
        made = event.result
        if made is None or made.name != "normalize" or not made.args or id(event.node) in seen:
            continue
        if len(made.args) > 2 or "dim" in made.kwargs or "torch" not in event.name:
            continue
        base = core(made.args[0])
        shape = made.args[0].shape
        if shape is None or len(shape) != 3 or base.name not in ("Linear", "Embedding", "LayerNorm", "recurrent"):
            continue
        if made.args[0].name in ("transpose", "permute", "mT"):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB690",
            event,
            "F.normalize() without dim normalises over dim=1, the time axis, not each embedding over its features",
            why="its default is dim=1; on (batch, time, features) the vectors do not get length one",
            fix="Use F.normalize(x, dim=-1)",
        )
