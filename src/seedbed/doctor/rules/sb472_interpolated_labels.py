"""A mask of class indices is resized by interpolation.

## What it does

Finds masks and labels that are resized with bilinear or bicubic interpolation and then used as class indices.

## Why is this bad

Between class 1 and class 5 interpolation makes class 3: wrong labels along every edge.

## Example

```python
mask = F.interpolate(mask.float(), size=(64, 64), mode="bilinear").long()
F.cross_entropy(model(image), mask.squeeze(1)).backward()
```

## Use instead

```python
mask = F.interpolate(mask.float(), size=(64, 64), mode="nearest").long()
F.cross_entropy(model(image), mask.squeeze(1)).backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors, origins

_SMOOTH = frozenset(["bilinear", "bicubic", "linear", "trilinear", "area"])
_KEEP = frozenset(["NEAREST", "NEAREST_EXACT", "INTER_NEAREST", "nearest"])
_CASTS = frozenset(["long", "int", "LongTensor"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("loss", "criterion"):
        target = event.args[1] if len(event.args) > 1 else event.kwargs.get("target")
        many = event.name in ("CrossEntropyLoss", "NLLLoss") and bool(event.args) and _classes(event.args[0]) > 2
        for cast in ancestors(target, limit=400) if target is not None else ():
            if cast.name not in _CASTS or not cast.args:
                continue
            for step in lineage.certain(cast.args[0])[:12]:
                how = _smooth(step)
                if step.name in ("compare", "gt", "ge", "argmax") or (step.name == "round" and not many):
                    break
                if how and id(step.node) not in told:
                    told.add(id(step.node))
                    yield p.report(
                        "SB472",
                        step,
                        f"a mask of class indices is resized with {how} interpolation: it mixes class numbers",
                        why="interpolation between two class indices gives a third class that is not there",
                        fix='Resize masks with nearest: mode="nearest", InterpolationMode.NEAREST',
                    )


def _classes(scores: Val) -> int:
    """Over how many classes scores are, 0 when unknown: between two classes rounding gives one of both."""
    for one in origins(scores):
        made = one.owner if one.name in ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d") else None
        given = made.arg(1, "out_channels") if made is not None and made.kind == "module" else None
        count = _count(given) if given is not None else None
        count = one.shape[1] if count is None and one.shape and len(one.shape) > 2 else count
        return count if type(count) is int else 0
    return 0


def _count(given: Val) -> object:
    """A number that is written down, or the length of a list that is (``len(CLASSES)``)."""
    if given.name == "len" and given.args and given.args[0].kind in ("list", "tuple"):
        listed = given.args[0]
        plain = listed.items is not None and not listed.tags and all(v.kind == "const" for v in listed.items)
        return len(listed.items or []) if plain else None
    return given.const if given.kind == "const" else None


def _smooth(step: Val) -> str:
    """How a step smooths, ``""`` when it does not or when that is unknown."""
    if step.name in ("interpolate", "upsample"):
        mode = step.kwargs.get("mode", step.args[3] if len(step.args) > 3 else None)
        return str(mode.const) if mode is not None and mode.const in _SMOOTH else ""
    for tool in (a for a in step.args if a.kind == "transform"):
        for one in (tool, *(tool.items or [])):
            if one.name not in ("Resize", "RandomResizedCrop"):
                continue
            kind = one.kwargs.get("interpolation", one.args[1] if one.name == "Resize" and len(one.args) > 1 else None)
            if kind is None:
                return "bilinear (the default of Resize)"
            last = kind.name.rsplit(".", 1)[-1]
            return last.lower() if last in ("BILINEAR", "BICUBIC", "LANCZOS") else ""
    return ""
