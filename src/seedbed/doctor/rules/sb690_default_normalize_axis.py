"""Embeddings of tokens are normalised over time.

## What it does

Finds `F.normalize(x)` without `dim` on a (batch, time, features) tensor: its default is axis 1. Also `dim=1` written
out, where a product then sums over the features.

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
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("normalize"):
        made = event.result
        if made is None or made.name != "normalize" or not made.args or id(event.node) in seen:
            continue
        base, dim = core(made.args[0]), made.arg(2, "dim")
        if "torch" not in event.name or not (dim is None or (dim.const in (1, -2) and _compared(p, made))):
            continue
        shape = made.args[0].shape
        if shape is None or len(shape) != 3 or base.name not in ("Linear", "Embedding", "LayerNorm", "recurrent"):
            continue
        if made.args[0].name in ("transpose", "permute", "mT"):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB690",
            event,
            f"F.normalize({'' if dim is None else 'dim=' + str(dim.const)}) {'without dim ' if dim is None else ''}"
            "normalises over dim=1, the time axis, not each embedding over its features",
            why="on (batch, time, features) the vectors do not get length one, so their products are no cosines"
            + ("; the default is dim=1" if dim is None else ""),
            fix="Use F.normalize(x, dim=-1)",
        )


def _compared(p: Program, made: Val) -> bool:
    """Whether what is normalised goes into a product that sums over the features, the last axis."""
    stack, seen = [made], set[int]()
    while stack and len(seen) < 40:
        one = stack.pop()
        for user in p.users(one):
            if id(user) in seen:
                continue
            seen.add(id(user))
            if user.name in ("matmul", "bmm", "cosine_similarity") and user.args[0] is one:
                return True  # as the left side: its last axis is summed over
            if user.name == "einsum" and _summed(user, one):
                return True
            if user.name in ("getitem", "part", "contiguous", "float") or user.kind == "phi":
                stack.append(user)
    return False


def _summed(product: Val, one: Val) -> bool:
    """Whether ``einsum`` sums over the last axis of this operand."""
    text = product.args[0].const if product.args else None
    if not isinstance(text, str) or "->" not in text:
        return False
    sides, given = text.replace(" ", "").split("->"), list(product.args[1:])
    terms = sides[0].split(",")
    return len(terms) == len(given) and any(
        v is one and t and t[-1].isalpha() and t[-1] not in sides[1] for t, v in zip(terms, given, strict=True)
    )
