"""Input and target get different random transforms.

## What it does

Finds input and target that go through the same random transform separately.

## Why is this bad

Each call draws anew: the mask is flipped when the image is not.

## Example

```python
from torch.utils.data import Dataset
from torchvision import transforms
class Pairs(Dataset):
    def __init__(self, images, masks):
        self.images, self.masks = images, masks
        self.augment = transforms.RandomHorizontalFlip()
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        return self.augment(self.images[i]), self.augment(self.masks[i])
```

## Use instead

```python
from torch.utils.data import Dataset
from torchvision import transforms
class Pairs(Dataset):
    def __init__(self, images, masks):
        self.images, self.masks = images, masks
        self.augment = transforms.RandomHorizontalFlip()
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        both = self.augment(torch.stack([self.images[i], self.masks[i]]))
        return both[0], both[1]
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        method = cls.method("__getitem__")
        if method is None or cls.base not in ("dataset", "iterable", "instance"):
            continue
        if _unpaired(method.node):
            continue
        flips: dict[str, list[Any]] = {}
        calls: dict[str, list[ast.Call]] = {}
        for n in ast.walk(method.node):
            if isinstance(n, ast.Call) and len(n.args) == 1:
                calls.setdefault(ast.unparse(n.func), []).append(n)
            if isinstance(n, ast.If) and d.draws_random(n.test):
                changed = {ast.unparse(t) for a in n.body if isinstance(a, ast.Assign) for t in a.targets}
                if len(changed) == 1 and len(n.body) == 1:
                    flips.setdefault(changed.pop(), []).append(n)
        for name, uses in calls.items():
            subjects = {ast.unparse(u.args[0]) for u in uses}
            if set(words(name.replace(".", "_"))) & {"pick", "sample", "choose", "draw", "select", "index"}:
                continue  # it looks for an item, it does not change one
            if len(subjects) < 2 or not _random(p, cls, name):
                continue
            yield _finding(p, method, uses[1], f"{name} draws anew for each of {sorted(subjects)}")
        if len(flips) >= 2 and any(w in " ".join(flips) for w in ("mask", "target", "label", "seg", "gt", "y")):
            bodies = {ast.dump(n.test) for uses in flips.values() for n in uses}
            if len(bodies) == 1:
                yield _finding(
                    p,
                    method,
                    list(flips.values())[1][0],
                    f"{' and '.join(flips)} are changed by different draws",
                )


def _unpaired(method: ast.AST) -> bool:
    """Whether an item is looked up by a random index: then the two of a sample don't belong together anyway."""
    return any(isinstance(n, ast.Subscript) and d.draws_random(n.slice) for n in ast.walk(method))


def _random(p: Program, cls: Any, name: str) -> bool:
    key = name.removeprefix("self.")
    for event in p.all("attribute"):
        if (
            event.name == key
            and event.args
            and any(
                a.name.startswith(("Random", "ColorJitter", "ElasticTransform"))
                for a in ancestors(event.args[0], limit=60)
            )
        ):
            return True
    for n, val, _ in p.assigns:
        if n == name and any(a.name.startswith("Random") for a in ancestors(val, limit=60)):
            return True
    for func in p.functions:
        if func.name == key and any(isinstance(n, ast.expr) and d.draws_random(n) for n in ast.walk(func.node)):
            return not any(w in key for w in ("both", "pair", "joint"))
    return False


def _finding(p: Program, method: Any, node: ast.AST, what: str) -> Finding:
    return p.report(
        "SB413",
        (node, method.src),
        f"input and target get different random transforms: {what}",
        why="the target no longer fits its input (a flipped mask on an image that is not)",
        fix="Draw once and apply the same transform to both",
    )
