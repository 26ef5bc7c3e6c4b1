"""Class indices go through ToTensor, which divides them by 255.

## What it does

Finds masks and labels that pass `ToTensor` (or a division by 255) and are then cast to integers.

## Why is this bad

`ToTensor` scales bytes to 0..1, so all class indices become 0 when they are cast.

## Example

```python
from torchvision import transforms
to_tensor = transforms.ToTensor()
mask = to_tensor(mask_image).long()
F.cross_entropy(model(image), mask).backward()
```

## Use instead

```python
import numpy as np
mask = torch.from_numpy(np.array(mask_image)).long()
F.cross_entropy(model(image), mask).backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_CASTS = frozenset(["long", "int", "byte", "type", "to", "astype"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("loss", "criterion"):
        target = event.args[1] if len(event.args) > 1 else event.kwargs.get("target")
        for cast in ancestors(target, limit=400) if target is not None else ():
            if cast.name not in _CASTS or not cast.args or id(cast.node) in told or not _whole(cast):
                continue
            found = _scaled(cast.args[0])
            if found is not None:
                told.add(id(cast.node))
                yield p.report(
                    "SB471",
                    cast,
                    "class indices go through ToTensor, which divides by 255: cast to integers they are all 0",
                    why="ToTensor scales bytes to 0..1; a mask or label must keep its values (labels become zero)",
                    fix="Use torch.from_numpy(np.array(mask)).long(), or PILToTensor()",
                    related=((str(found.src.path) if found.src else "", found.line, "ToTensor"),),
                )


def _whole(cast: Val) -> bool:
    if cast.name in ("long", "int", "byte"):
        return True
    kinds = [*cast.args[1:], *cast.kwargs.values()]
    return any("int" in k.name or "long" in k.name or "uint8" in k.name for k in kinds)


def _scaled(val: Val) -> Val | None:
    """The call of ToTensor that scaled a value, with nothing that scales it back."""
    for step in lineage.certain(val)[:12]:
        if step.name in ("mul", "round", "compare", "gt", "ge", "lt", "argmax", "eq"):
            return None
        if step.name == "to_tensor":
            return step
        tools = [a for a in step.args if a.kind == "transform"]
        if any(_to_tensor(t) for t in tools):
            return step
    return None


def _to_tensor(tool: Val) -> bool:
    return tool.name == "ToTensor" or any(i.name == "ToTensor" for i in tool.items or [])
