"""random.shuffle on a tensor or a 2-D array loses rows.

## What it does

Finds `random.shuffle` (and `Random().shuffle`) on a tensor or a NumPy array.

## Why is this bad

It swaps items with `x[i], x[j] = x[j], x[i]`. The items of a tensor are views, so a swap copies one row over the other:
rows are duplicated and others are lost.

## Example

```python
import random
rows = torch.randn(100, 3)
random.shuffle(rows)
```

## Use instead

```python
rows = torch.randn(100, 3)
rows = rows[torch.randperm(len(rows))]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("shuffle"):
        last = event.name.rsplit(".", 1)[-1]
        if last != "shuffle" or not event.args:
            continue
        python = event.name == "random.shuffle" or (event.recv is not None and event.recv.name == "Random")
        numpy = "numpy" in event.name or (
            event.recv is not None and event.recv.name in ("np_default_rng", "default_rng")
        )
        val = event.args[0]
        torches = any(_rows(o, torch_only=True) for o in val.options())
        if (python and any(_rows(o) for o in val.options())) or (numpy and torches):
            yield p.report(
                "SB440",
                event,
                f"{'random' if python else 'numpy'}.shuffle on a {'tensor' if torches else 'array'}: rows are "
                "duplicated and others are overwritten",
                why="it swaps rows through views, so one row is copied over the other before it is kept",
                fix="Index with a permutation: x = x[torch.randperm(len(x))]",
            )


_LISTS = frozenset(["tolist", "list", "split", "splitlines", "listdir", "glob", "range", "keys"])
_TORCH = frozenset(
    ["randn", "rand", "zeros", "ones", "tensor", "stack", "cat", "arange", "from_numpy", "as_tensor", "float", "long"]
)


def _rows(val: Val, torch_only: bool = False) -> bool:
    """Whether a value is certainly a tensor (or an array of more than one axis)."""
    if val.kind != "tensor" or val.name in _LISTS or "pandas" in val.tags or "opaque" in val.tags:
        return False
    torches = val.name in _TORCH and "numpy" not in val.tags
    if torches or torch_only:
        return torches
    return val.shape is not None and len(val.shape) > 1
