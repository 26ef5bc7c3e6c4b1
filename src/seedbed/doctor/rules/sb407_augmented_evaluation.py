"""Random augmentation is applied to evaluation data.

## What it does

Finds evaluation data that goes through random augmentation.

## Why is this bad

The metric is random and too low: it measures distorted inputs.

## Example

```python
from torchvision import transforms
from torchvision.datasets import CIFAR10
augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
train_set = CIFAR10("data", train=True, transform=augment)
val_set = CIFAR10("data", train=False, transform=augment)
```

## Use instead

```python
from torchvision import transforms
from torchvision.datasets import CIFAR10
augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
train_set = CIFAR10("data", train=True, transform=augment)
val_set = CIFAR10("data", train=False, transform=transforms.ToTensor())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for name, val, event in p.assigns:
        if val.kind != "dataset" or id(val.node) in seen:
            continue
        data = val
        split = val.split or split_of(name)
        shared = data.name == "random_split"
        if shared and split_of(name) in ("val", "test") and data.args:
            data = data.args[0]
            split = "val"
        if split not in ("val", "test"):
            continue
        transform = (
            data.kwargs.get("transform")
            or data.attrs.get("transform")
            or data.attrs.get("tf")
            or data.attrs.get("transforms")
        )
        flags = [
            k
            for k in ("augment", "train", "aug", "is_train", "training")
            if data.kwargs.get(k) is not None
            and data.kwargs[k].const is True
            and not data.name.startswith(("CIFAR", "MNIST", "Fashion"))
        ]
        random = _random(transform) if transform is not None else ""
        if random or (flags and data.owner is not None and any("aug" in f for f in flags)):
            seen.add(id(val.node))
            what = f"{random} is applied" if random else f"{flags[0]}=True is set"
            yield p.report(
                "SB407",
                event if shared else val,
                f"random augmentation on evaluation data: {what}",
                why="the metric changes from run to run and is too low, because it measures distorted inputs",
                fix="Give the evaluation data its own transform without random parts"
                + (" (random_split shares the transform of the whole data set)" if shared else ""),
            )


def _random(transform: Val) -> str:
    for one in ancestors(transform, limit=80):
        last = one.name.rsplit(".", 1)[-1]
        if last.startswith(
            (
                "Random",
                "ColorJitter",
                "AutoAugment",
                "TrivialAugment",
                "RandAugment",
                "AugMix",
                "GaussianBlur",
            )
        ) and one.kind in ("transform", "object", "module"):
            return last
    return ""
