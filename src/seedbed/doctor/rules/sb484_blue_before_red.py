"""Images are in the channel order of OpenCV (BGR) where RGB is expected.

## What it does

Finds images from `cv2.imread` that reach a pretrained network, or a network trained on images read in RGB, without
turning the channels round.

## Why is this bad

OpenCV gives blue, green, red. The network takes blue for red; the accuracy drops without an error.

## Example

```python
import cv2
from torchvision import models
net = models.resnet18(weights="DEFAULT")
image = cv2.imread("cat.jpg")
x = torch.from_numpy(image).permute(2, 0, 1).float() / 255
print(net(x[None]).argmax())
```

## Use instead

```python
import cv2
from torchvision import models
net = models.resnet18(weights="DEFAULT")
image = cv2.cvtColor(cv2.imread("cat.jpg"), cv2.COLOR_BGR2RGB)
x = torch.from_numpy(image).permute(2, 0, 1).float() / 255
print(net(x[None]).argmax())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_READS_RGB = frozenset(["open", "ImageFolder", "read_image", "imread_rgb", "pil_loader"])
_TURNS = frozenset(["cvtColor", "flip", "np_flip", "index_select", "split", "merge", "fliplr"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    rgb = any(_kind(v) == "rgb" for e in p.all("forward") if e.args and not e.depth for v in _behind(e.args[0]))
    for event in p.all("forward"):
        if event.depth or not event.args or event.recv is None:
            continue
        behind = _behind(event.args[0])
        read = next((v for v in behind if _kind(v) == "bgr"), None)
        if read is None or id(read.node) in told or any(_turned(v) for v in behind):
            continue
        if not (rgb or _pretrained(event.recv)) or _gray(read):
            continue
        told.add(id(read.node))
        yield p.report(
            "SB484",
            read,
            "cv2.imread gives BGR images, but the network expects RGB: red and blue are swapped (channel order)",
            why="OpenCV stores blue first; pretrained weights and PIL images have red first",
            fix="Convert first: cv2.cvtColor(image, cv2.COLOR_BGR2RGB)",
        )


def _behind(x: Val) -> list[Val]:
    return list(ancestors(x, limit=400))


def _kind(val: Val) -> str:
    if val.name == "imread" and "cv2" in val.tags:
        return "bgr"
    if val.name in _READS_RGB and ("PIL" in val.tags or val.name != "open"):
        return "rgb"
    return ""


def _turned(val: Val) -> bool:
    if val.name in _TURNS:
        return True
    if val.name != "getitem" or len(val.args) < 2:
        return False
    keys = val.args[1].items if val.args[1].kind == "tuple" and val.args[1].items else [val.args[1]]
    last = keys[-1]
    backwards = last.kind == "slice" and len(last.args) > 2 and last.args[2].const == -1
    return backwards or (last.kind == "list" and [i.const for i in last.items or []] == [2, 1, 0])


def _pretrained(module: Val) -> bool:
    for one in module.options():
        given = [*one.args, *one.kwargs.values()]
        flags = [k for k, v in one.kwargs.items() if k in ("weights", "pretrained") and v.const not in (None, False)]
        named = any(k in ("weights",) and v.kind != "const" for k, v in one.kwargs.items())
        if "external" in one.tags and (flags or named or (given and given[0].const is True)):
            return True
    return False


def _gray(read: Val) -> bool:
    flag = read.args[1] if len(read.args) > 1 else None
    return flag is not None and (flag.const == 0 or "GRAYSCALE" in flag.name)
