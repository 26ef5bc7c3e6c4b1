"""The inputs are scaled twice.

## What it does

Finds inputs that are scaled to 0..1 twice.

## Why is this bad

After `ToTensor()` the values are already in 0..1. Dividing by 255 again makes them nearly zero.

## Example

```python
from torchvision import transforms
from torchvision.datasets import MNIST
from torch.utils.data import DataLoader
train_loader = DataLoader(MNIST("data", transform=transforms.ToTensor()), batch_size=64, shuffle=True)
for x, y in train_loader:
    out = model(x / 255.0)
```

## Use instead

```python
from torchvision import transforms
from torchvision.datasets import MNIST
from torch.utils.data import DataLoader
train_loader = DataLoader(MNIST("data", transform=transforms.ToTensor()), batch_size=64, shuffle=True)
for x, y in train_loader:
    out = model(x)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, scaling, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import TRANSPARENT, Val

_KEEPS = TRANSPARENT | {
    "div", "mul", "sub", "add", "batch", "element", "sample", "part", "tensor", "as_tensor", "from_numpy", "array",
    "asarray", "astype", "to_tensor", "normalize", "resize", "pad", "clamp", "clip", "collate", "Tensor",
}  # fmt: skip


def _same_numbers(val: Val) -> list[Val]:
    """What ``val`` was made from as far as the numbers are those of the inputs: not through a network or a step."""
    found: list[Val] = []
    stack, seen = [val], set()
    while stack and len(found) < 150:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found.append(one)
        if one.kind == "method" and one.args and one.args[0].kind == "dataset":
            continue  # what a data set stores (.data): it did not go through the transform
        if one.kind in ("tensor", "unknown", "number") and (one.name not in _KEEPS or one.owner is not None):
            continue
        if one.kind not in ("module", "func", "class", "lib"):
            stack += one.inputs()
            stack += one.attrs.values() if one.kind in ("dataset", "instance") else ()
    return found


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: list[Val] = []
    for feed in (f for part in lineage.feeds(p) for f in part):
        found = scaling.twice(feed.x)
        if found is not None and not any(f.line == found[0].line for f in told):
            told.append(found[0])
            yield p.report(
                "SB408",
                _asked(p, found[0]),
                "the inputs are normalised twice with the same statistics",
                why="after the first time they have zero mean; the second one subtracts the raw mean again",
                fix="Remove one of the two",
                related=(q.place(found[1]),),
            )
    yield from _in_transforms(p)
    seen: set[int] = set()
    done: set[int] = set()
    if not any(len(v.args) == 2 and v.args[1].const in (255, 255.0) for v in p.made("div")):
        return
    for event in p.events:
        if event.kind not in ("assign", "forward", "loss", "call"):
            continue
        for val in [event.result, *event.args]:
            for one in q.chain(val) if val is not None and val.kind == "tensor" and id(val) not in done else []:
                if id(one) in done:
                    continue
                done.add(id(one))
                if (
                    one.name != "div"
                    or len(one.args) != 2
                    or one.args[1].const not in (255, 255.0)
                    or id(one.node) in seen
                ):
                    continue
                below = _same_numbers(one.args[0])
                again = [v for v in below if v.name == "div" and len(v.args) == 2 and v.args[1].const in (255, 255.0)]
                tensors = [
                    v for v in below if (v.kind == "transform" and v.name in ("ToTensor",)) or v.name == "to_tensor"
                ]
                if (again or tensors) and not _undone(below):
                    seen.add(id(one.node))
                    yield p.report(
                        "SB408",
                        one,
                        "the inputs are scaled twice: they are divided by 255 although they are already in 0..1",
                        why="the values become at most 0.004, so the network sees almost black inputs",
                        fix="Remove the second division by 255",
                        related=(q.place((again or tensors)[0]),),
                    )


def _asked(p: Program, step: Val) -> tuple[ast.AST, Source] | Val:
    """Where a scaling is asked for: at the call of the helper that does it."""
    called = next((e for e in p.all("invoke") if e.result is step), None)
    return (called.node, called.src) if called is not None else step


def _undone(below: list[Val]) -> bool:
    """Whether the numbers were brought back to 0..255 (or may have been) on their way."""
    for one in below:
        if one.name == "mul" and any(a.const in (255, 255.0, 256, 256.0) for a in one.args):
            return True
        steps = (one.items or []) if one.name == "Compose" else []
        first = next((i for i, s in enumerate(steps) if s.name == "ToTensor"), None)
        for step in steps[first + 1 :] if first is not None else []:
            func = step.args[0] if step.name == "Lambda" and step.args else step
            body = func.owner.node if func.kind in ("func", "instance") and func.owner is not None else None
            if body is not None and _MULTIPLIES.search(syntax.text(body)):
                return True
    return False


def _in_transforms(p: Program) -> Iterator[Finding]:
    """``Compose([ToTensor(), Lambda(lambda x: x / 255)])``."""
    for event in p.first_makers("Compose"):
        steps = event.result.items or [] if event.result is not None else []
        scaled = next((i for i, s in enumerate(steps) if s.name == "ToTensor"), None)
        for step in steps[scaled + 1 :] if scaled is not None else []:
            func = step.args[0] if step.name == "Lambda" and step.args else step
            if func.kind != "func" or func.owner is None or not _DIVIDES.search(syntax.text(func.owner.node)):
                continue
            yield p.report(
                "SB408",
                step if step.line else event,
                "the inputs are scaled twice: ToTensor() gives 0..1, and a later step divides by 255 again",
                why="the values become at most 0.004, so the network sees almost black inputs",
                fix="Remove the division by 255",
                related=(q.place(steps[scaled or 0]),),
            )


_DIVIDES = re.compile(r"/ *255")
_MULTIPLIES = re.compile(r"\* *25[56]\b|\bmul_?\(25[56]\b|\b25[56](\.0*)? *\*")
