"""A contrastive loss compares features instead of samples.

## What it does

Finds `a.T @ b` of embeddings (samples, features) as the logits of a contrastive loss: it must be `a @ b.T`.

## Why is this bad

`a.T @ b` is (features, features). Where the batch is as large as the embedding the labels fit all the same, and the
loss pairs features instead of samples.

## Example

```python
layer, x = nn.Linear(10, 32), torch.randn(32, 10)
a, b = F.normalize(layer(x), dim=1), F.normalize(layer(x + 0.1), dim=1)
loss = F.cross_entropy(a.T @ b / 0.1, torch.arange(32))
loss.backward()
```

## Use instead

```python
layer, x = nn.Linear(10, 32), torch.randn(32, 10)
a, b = F.normalize(layer(x), dim=1), F.normalize(layer(x + 0.1), dim=1)
loss = F.cross_entropy(a @ b.T / 0.1, torch.arange(32))
loss.backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import op_shapes
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_TURNS = frozenset(["T", "t", "mT", "transpose"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "CrossEntropyLoss" or len(event.args) < 2 or not p.trained(event.result):
            continue
        if not any(v.name == "arange" for v in ancestors(event.args[1], limit=12)):
            continue
        parts = [v for v, power in f.factors(event.args[0]) if power > 0 and v.name in ("matmul", "mm")]
        if len(parts) != 1 or len(parts[0].args) != 2:
            continue
        left, right = parts[0].args
        if left.name not in _TURNS or right.name in _TURNS or not left.args:
            continue
        if not _by_row(left.args[0]) or not _by_row(right):
            continue
        yield p.report(
            "SB692",
            parts[0],
            "the similarity is taken between features (a.T @ b), not between samples: the wrong side is transposed",
            why="the logits must be (samples, samples); they fit only because the batch is as large as the embedding",
            fix="Use a @ b.T",
            related=((str(event.src.path), event.line, "the loss"),),
        )
        return


def _by_row(val: Val) -> bool:
    """Whether a value has embeddings in its rows: normalised over axis 1."""
    val = f.core(val)
    if val.name != "normalize" or not val.args or (val.shape is not None and len(val.shape) != 2):
        return False
    axis = op_shapes.dim_of(val.args, val.kwargs, 2, 1)
    return axis in (1, -1)
