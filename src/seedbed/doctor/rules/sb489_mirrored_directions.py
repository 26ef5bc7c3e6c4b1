"""Images are mirrored although their class depends on the direction.

## What it does

Finds horizontal (or vertical) flips of digits, letters and classes called left and right, whose label stays the same.

## Why is this bad

A mirrored 2 is no 2, and a mirrored arrow to the left points to the right: the labels become wrong.

## Example

```python
from torchvision import datasets, transforms
augment = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
train_set = datasets.MNIST("data", train=True, transform=augment)
```

## Use instead

```python
from torchvision import datasets, transforms
augment = transforms.Compose([transforms.RandomRotation(10), transforms.ToTensor()])
train_set = datasets.MNIST("data", train=True, transform=augment)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_DIGITS = frozenset(["MNIST", "EMNIST", "SVHN", "QMNIST", "USPS", "GTSRB"])
_FLIPS = frozenset(["RandomHorizontalFlip", "RandomVerticalFlip"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("dataset"):
        data = event.result
        if data is None or data.kind != "dataset" or data.name not in _DIGITS:
            continue
        tool = data.kwargs.get("transform")
        flip = next((v for v in ancestors(tool, limit=30) if v.name in _FLIPS), None) if tool is not None else None
        if flip is not None and not _chosen_apart(p, flip, event):
            yield _say(p, flip, f"{flip.name} on {data.name}")
            return
    learned = lineage.feeds(p)[0]
    sides = _directions(p) if learned else []
    digits = bool(learned) and any(e.name.endswith("load_digits") for e in p.all("call"))
    for feed in learned if sides or digits else ():
        changed = feed.y is not None and any(_is_flip(v) or v.kind == "phi" for v in lineage.path(feed.y))
        if feed.y is None or changed or _relabelled(feed.y):
            continue
        flip = next((v for v in lineage.path(feed.x, 60) if _is_flip(v)), None)
        if flip is not None:
            yield _say(p, flip, "a mirrored image" if digits and not sides else f"{flip.name} with classes {sides}")
            return


def _chosen_apart(p: Program, flip: Val, data: Event) -> bool:
    """Whether the flip stands under a condition that the data set does not: it may be meant for other data."""
    around = {(id(c[0]), c[1]) for c in data.conds}
    made = [e for e in p.makers("transform") if e.result is flip]
    return any((id(c[0]), c[1]) not in around for e in made for c in e.conds)


def _say(p: Program, at: Val, what: str) -> Finding:
    return p.report(
        "SB489",
        at,
        f"the flip changes the class but not the label: {what} (mirror)",
        why="mirrored digits, letters and directions are another class or none at all, so the labels become wrong",
        fix="Leave the flip out, or exchange the labels (left and right) with it",
    )


def _directions(p: Program) -> list[str]:
    """Class names of which some are left and others right."""
    for node in q.nodes(p, ast.List, ast.Tuple, ast.Dict):
        parts = node.keys if isinstance(node, ast.Dict) else node.elts
        names = [n.value for n in parts if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        low = [n.lower() for n in names]
        if any("left" in n for n in low) and any("right" in n for n in low):
            return names
    return []


def _is_flip(val: Val) -> bool:
    """Whether a step mirrors along the width."""
    if val.name in ("hflip", "fliplr") or (val.kind == "transform" and val.name in _FLIPS):
        return True
    if any(a.kind == "transform" and (a.name in _FLIPS or _holds(a)) for a in val.args):
        return True
    if val.name != "flip" or len(val.args) + len(val.kwargs) < 2:
        return False
    given = next((val.kwargs[k] for k in ("dims", "dim", "axis") if k in val.kwargs), None)
    given = given if given is not None else val.args[1]
    dims = [i.const for i in given.items] if given.items else [given.const]
    return bool({-1, 2, 3} & set(dims))


def _holds(tool: Val) -> bool:
    return any(i.name in _FLIPS for i in tool.items or [])


def _relabelled(y: Val) -> bool:
    """Whether labels go through a table or a formula after they were read."""
    steps = lineage.certain(y)
    names = [s.name for s in steps]
    place = names.index("batch") if "batch" in names else 0
    inner = [s for s in steps[place + 1 :] if s.name == "getitem"]
    return any(s.name in ("sub", "where", "add", "mul") for s in steps[place + 1 :][:2]) or len(inner) > 1
