"""A sum over many batches is kept in half precision.

## What it does

Finds counters and running sums in bfloat16 or float16.

## Why is this bad

bfloat16 has 8 significant bits: a counter stops at 256, because 256 + 1 is rounded to 256. float16 stops at 2048.

## Example

```python
hits = torch.zeros(1, dtype=torch.bfloat16)
for x, y in loader:
    hits += (model(x).argmax(1) == y).sum()
```

## Use instead

```python
hits = torch.zeros(1, dtype=torch.long)
for x, y in loader:
    hits += (model(x).argmax(1) == y).sum()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_LIMIT = {"bfloat16": "256", "float16": "2048", "half": "2048"}
_STARTS = frozenset(("zeros", "tensor", "zeros_like", "full", "new_zeros", "ones", "scalar_tensor"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("augment", "inplace"):
        if event.recv is None or not event.loops or event.name not in ("Add", "add_"):
            continue
        for start in q.memory(event.recv):
            kind = _half(start)
            if not kind or start.loops[-1:] == (event.loops[-1].node,) or start.grad:
                continue
            if not rounds.is_loader_loop(event.loops[-1]) and event.args and _constant(event.args[0]):
                continue  # the same number again and again: what the type does to it is shown
            yield p.report(
                "SB194",
                start,
                f"a sum over batches is kept in {kind}: low precision loses small additions, and counting saturates at "
                f"{_LIMIT[kind]}",
                why=f"{kind} has few significant bits: above {_LIMIT[kind]} adding 1 is rounded away",
                fix="Count in torch.long and sum in torch.float32 (or Python numbers)",
                related=((str(event.src.path), event.line, "it is summed here"),),
            )
            break


def _constant(val: Val) -> bool:
    """Whether a tensor is one number that is written in the program."""
    return val.kind == "tensor" and val.name == "tensor" and bool(val.args) and val.args[0].kind == "const"


def _half(val: Val) -> str:
    """The half type in which a value is made, ``""`` for others."""
    if val.kind != "tensor" or val.name not in _STARTS or (val.shape is not None and len(val.shape) > 1):
        return ""
    given = val.kwargs.get("dtype")
    said = given.name.rsplit(".", 1)[-1] if given is not None else val.dtype
    return said if said in _LIMIT else ""
