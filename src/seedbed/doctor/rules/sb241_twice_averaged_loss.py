"""A mean loss is divided by the batch size once more.

## What it does

Finds a mean loss that is divided by the batch size once more.

## Why is this bad

The gradient gets smaller with the batch size: training is slow for no visible reason.

## Example

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y) / x.size(0)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_GROUPS = {"list", "dict", "method", "unknown"}  # their length may be a number of batches


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        if back.recv is None:
            continue
        for val in q.chain(back.recv):
            if val.kind != "tensor" or val.name != "div" or len(val.args) != 2 or id(val.node) in seen:
                continue
            top, bottom = val.args
            size = (
                bottom.name in ("size", "len", "shape")
                and bottom.args
                and bottom.args[0].kind not in ("loader", "dataset", "const")
            )
            named = bottom.var.lower() in ("batch_size", "bs", "batchsize") or (
                bottom.name == "getitem" and bottom.args and bottom.args[0].name == "shape"
            )
            if (
                bottom.name == "len"
                and bottom.args
                and bottom.args[0].name in ("split", "chunk", "chunks", "tensor_split")
            ):
                continue  # a number of pieces
            if size and bottom.name == "len" and {o.kind for o in bottom.args[0].options()} & _GROUPS:
                continue
            mean = any(
                (v.name == "loss" and v.owner is not None)
                or (
                    v.name == "loss"
                    and v.tags & {"CrossEntropyLoss", "MSELoss", "BCELoss", "BCEWithLogitsLoss", "NLLLoss", "L1Loss"}
                )
                for v in q.chain(top)[:3]
            )
            mean = mean and not any(t.startswith("reduction=") for v in q.chain(top)[:3] for t in v.tags)
            mean = mean and not any(o.name == "loss" and not o.tags and _foreign(o) for o in top.options())
            mean = mean or q.chain(top)[0].name == "mean"
            weighed = any(v.name == "mul" and any(_counts(a) for a in v.args) for v in q.chain(top)[:3])
            if (size or named) and mean and not weighed:
                seen.add(id(val.node))
                yield p.report(
                    "SB241",
                    val,
                    "the loss is already a mean and is divided by the batch size once more",
                    why="the gradient is too small by the batch size, so training is very slow",
                    fix="Remove the division (or use reduction='sum')",
                )


def _foreign(loss: Val) -> bool:
    """Whether a loss is one of another library, which may well be a sum."""
    return getattr(loss.owner, "kind", "") == "object"


def _counts(factor: Val) -> bool:
    """Whether a factor may be the number of samples of a piece of the batch."""
    return factor.kind == "number" or (type(factor.const) is int and factor.const > 1)
