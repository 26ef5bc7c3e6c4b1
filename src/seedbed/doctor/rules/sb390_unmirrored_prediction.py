"""Predictions on mirrored images are averaged without being mirrored back.

## What it does

Finds test-time augmentation of a model with one output per pixel (segmentation, heat maps) that flips (or turns) the
input and averages the outputs as they are.

## Why is this bad

The mask of a mirrored image is mirrored too: averaged with the mask of the image itself, objects appear twice, weakly.

## Example

```python
model = nn.Conv2d(3, 1, 3, padding=1)
optimizer = torch.optim.Adam(model.parameters())
for image, mask in loader:
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(image), mask).backward()
    optimizer.step()
with torch.no_grad():
    score = (model(test_image) + model(test_image.flip(-1))) / 2
```

## Use instead

```python
model = nn.Conv2d(3, 1, 3, padding=1)
optimizer = torch.optim.Adam(model.parameters())
for image, mask in loader:
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(image), mask).backward()
    optimizer.step()
with torch.no_grad():
    score = (model(test_image) + model(test_image.flip(-1)).flip(-1)) / 2
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_MOVES = frozenset(["flip", "hflip", "vflip", "fliplr", "flipud", "rot90", "roll"])
_PLAIN = frozenset(["forward", "sigmoid", "softmax", "squeeze", "interpolate", "upsample", "relu", "tanh", "getitem"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    calls = [e for e in training.evaluations(p) if e.args and e.result is not None]
    if not calls:
        return
    seen = {id(e.node) for e in calls if _moved(e.args[0]) is not None and _undone(p, e.result)}  # in one reading of it
    for event in calls:
        move = _moved(event.args[0])
        if move is None or id(event.node) in seen or not _per_pixel(event.result):
            continue
        base = move.args[0]
        if not any(e is not event and (e.args[0] is base or _moved(e.args[0]) is not None) for e in calls):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB390",
            event,
            f"the prediction on a mirrored image ({move.name}) is not flipped back before it is averaged (test-time "
            "augmentation)",
            why="the model has one output per pixel, so the mask of a flipped image is flipped: without the inverse "
            "transform the averaged masks do not lie on each other",
            fix=f"Undo the flip on the output: prob = model(x.{move.name}(dims)).{move.name}(dims)",
            related=((str(event.src.path), move.line, "flipped here"),),
        )


def _moved(val: Val) -> Val | None:
    """The flip that an input comes from, when nothing but layout lies between."""
    for one in val.options():
        for _ in range(4):
            if one.name in _MOVES and one.args:
                return one
            if one.kind != "tensor" or not one.args or one.name not in ("contiguous", "to", "clone", "float", "copy"):
                break
            one = one.args[0]
    return None


def _per_pixel(val: Val | None) -> bool:
    """Whether an output comes straight from a convolution: one number per pixel."""
    for _ in range(12):
        if val is None:
            return False
        if val.name.startswith(("Conv2d", "ConvTranspose2d", "conv2d", "Conv1d", "Conv3d", "Upsample", "PixelShuffle")):
            return True
        if val.name not in _PLAIN or not val.args:
            return False
        val = val.args[0]
    return False


def _undone(p: Program, output: Val | None) -> bool:
    """Whether something moves the output, or what was made from it, back."""
    moves = [e for e in p.all("call") if e.name.rsplit(".", 1)[-1] in _MOVES and e.result is not None]
    return any(v is output for e in moves if e.result is not None for v in ancestors(e.result, limit=60))
