"""Softmax or cross-entropy over a single output is constant.

## What it does

Finds a softmax or a cross-entropy over a single output.

## Why is this bad

Softmax of one number is always 1: the loss is always 0 and nothing is learned.

## Example

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=1))
out = model(torch.randn(8, 4))
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
out = model(torch.randn(8, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import shapes, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("call", "forward", "loss"):
        made = event.result
        if made is None:
            continue
        if event.kind == "loss":
            if event.name == "CrossEntropyLoss" and id(event.node) not in seen and _single(event.arg(0, "input")):
                seen.add(id(event.node))
                yield p.report(
                    "SB217",
                    event.recv if event.recv is not None and event.recv.line else event,
                    "CrossEntropyLoss over a single output: the softmax of one logit is always 1 and the "
                    "loss is always 0",
                    why="there is nothing to compare the only class with, so no gradient flows",
                    fix="Use BCEWithLogitsLoss for one output, or two outputs",
                    related=tuple(q.place(o.owner) for o in training.loss_origins(event.args[0])[:1] if o.owner)
                    if event.args
                    else (),
                )
            continue
        if (
            made.kind != "tensor"
            or made.name not in ("softmax", "log_softmax")
            or not made.args
            or made.args[0].shape is None
        ):
            continue
        shape = made.args[0].shape
        dim = made.kwargs.get("dim", made.args[1] if len(made.args) > 1 else None)
        at = shapes.axis(dim.const, len(shape)) if dim is not None else None
        where = q.spot(made, event)
        if at is not None and shape[at] == 1 and len(shape) > 1 and id(where.node) not in seen:
            if at == 0 or not any(o.name in ("Linear", "linear") for o in training.loss_origins(made.args[0])):
                continue
            seen.add(id(where.node))
            yield p.report(
                "SB217",
                where,
                f"{made.name} over a dimension of size 1: the result is always {'1' if made.name == 'softmax' else '0'}",  # noqa: E501
                why="the output does not depend on the input and no gradient flows",
                fix="Use sigmoid for a single output",
            )


def _single(source: Val | None) -> bool:
    """Whether scores have one column: by their shape, or because one output makes them."""
    if source is None:
        return False
    if source.shape is not None:
        return len(source.shape) == 2 and source.shape[1] == 1
    made = training.loss_origins(source)
    if any(
        v.name not in ("forward", "float", "to", "contiguous", "dropout", "identity") for v in q.seen_through(source)
    ):
        return False
    return bool(made) and all(o.name == "Linear" and o.owner is not None and o.owner.number(1) == 1 for o in made)
