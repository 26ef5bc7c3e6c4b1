"""Argmax over the wrong dim: it compares samples, not classes.

## What it does

Finds an argmax over the batch dim of a model's output.

## Why is this bad

It gives for each class the sample with the highest score, not the class of each sample.

## Example

```python
model = nn.Linear(4, 3)
pred = model(torch.randn(8, 4)).argmax(dim=0)
```

## Use instead

```python
model = nn.Linear(4, 3)
pred = model(torch.randn(8, 4)).argmax(dim=1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _over_pixels(p)
    seen: set[int] = set()
    for event in p.makers("argmax", "max"):
        made = event.result
        if made is None or id(event.node) in seen:
            continue
        if made.kind == "tuple" and made.items and made.name == "max" and len(made.items) == 2:
            made = made.items[1]
        if made.kind != "tensor" or made.name != "argmax" or not made.args:
            continue
        source = made.args[0]
        dim = made.kwargs.get("dim", made.kwargs.get("axis", made.args[1] if len(made.args) > 1 else None))
        found = [o for o in training.loss_origins(source) if o.kind == "tensor"]
        known = ("Linear", "linear", "softmax", "log_softmax", "forward")
        graph = source.name == "forward" and all(o.name in ("matmul", "mm", "spmm") and o.grad for o in found)
        if not any(o.name in known for o in found) and not graph:
            continue
        rank = len(source.shape) if source.shape is not None else None
        if source.name in ("getitem", "squeeze", "T", "t", "mean", "sum"):
            continue
        many = rank == 2 and source.shape is not None and source.shape[0] != 1
        compared = any(made in q.chain(a) for e in p.all("compare") if e.name == "Eq" for a in e.args)
        if dim is not None and isinstance(dim.const, int):
            wrong = (dim.const == 0 and (many or (rank is None and compared and p.trains))) or (
                many and dim.const == -2
            )
        else:
            wrong = dim is None and many and compared
        if not wrong:
            continue
        seen.add(id(event.node))
        what = f"argmax over dim={dim.const}" if dim is not None else "argmax without dim"
        yield p.report(
            "SB209",
            event,
            f"{what} compares samples of the batch, not classes",
            why="the result is not one class per sample, so the accuracy means nothing",
            fix="Use argmax(dim=1) (the class dimension)",
        )


def _over_pixels(p: Program) -> Iterator[Finding]:
    """The classes of a segmentation are on axis 1: an argmax over the last axis compares pixels of a row."""
    trained = any(
        e.name in ("CrossEntropyLoss", "NLLLoss")
        and e.args
        and (len(e.args[0].shape) == 4 if e.args[0].shape is not None else _maps(e.args[0]))
        for e in p.all("loss")
    )
    seen: set[int] = set()
    for event in p.all("call") if trained else ():
        made = event.result
        if made is not None and made.kind == "tuple" and made.items and made.name == "max" and len(made.items) == 2:
            made = made.items[1]
        if made is None or made.kind != "tensor" or made.name != "argmax" or not made.args or id(event.node) in seen:
            continue
        source = made.args[0]
        dim = made.kwargs.get("dim", made.kwargs.get("axis", made.args[1] if len(made.args) > 1 else None))
        found = training.loss_origins(source)
        whole = source.name in ("forward", "softmax", "log_softmax", "Conv2d")
        if not whole or dim is None or dim.const not in (-1, -2, 2, 3, 0):
            continue
        if not _maps(source) or (len(source.shape) != 4 if source.shape is not None else dim.const == 0):
            continue
        if not all(o.name in ("Conv2d", "ConvTranspose2d", "softmax", "log_softmax") for o in found):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB209",
            event,
            f"argmax over dim={dim.const} compares pixels, not classes: the classes of (N, C, H, W) are on dim=1",
            why="the result is not one class per pixel, so the accuracy (or IoU) means nothing",
            fix="Use argmax(dim=1) (the class dimension)",
        )


def _maps(val: Val) -> bool:
    """Whether a value is what a convolution over images gives, with its axes as they are."""
    one = val
    for _ in range(12):
        if one.kind != "tensor" or one.name in ("Conv2d", "ConvTranspose2d"):
            break
        if one.name not in ("forward", "softmax", "log_softmax", "to", "float", "contiguous", "detach") or not one.args:
            return False
        one = one.args[0]
    return (
        one.kind == "tensor"
        and one.name in ("Conv2d", "ConvTranspose2d")
        and (one.shape is None or len(one.shape) == 4)
    )
