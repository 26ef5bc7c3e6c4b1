"""A colour transform comes after the normalisation.

## What it does

Finds `ColorJitter` and its relatives behind `Normalize` in a `Compose`.

## Why is this bad

Colour transforms expect values from 0 to 1 and clamp to that range: everything below the mean becomes 0.

## Example

```python
from torchvision import transforms
train = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize([0.5], [0.25]), transforms.ColorJitter(0.3, 0.3)]
)
```

## Use instead

```python
from torchvision import transforms
train = transforms.Compose(
    [transforms.ColorJitter(0.3, 0.3), transforms.ToTensor(), transforms.Normalize([0.5], [0.25])]
)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program

_COLOURS = frozenset(
    ["ColorJitter", "RandomEqualize", "RandomPosterize", "RandomSolarize", "RandomAutocontrast", "RandAugment"]
) | {"AutoAugment", "TrivialAugmentWide", "RandomAdjustSharpness", "RandomPhotometricDistort"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("Compose", "Sequential"):
        items = (event.result.items or []) if event.result is not None else []
        names = [i.name if i.kind == "transform" else "" for i in items]
        if "Normalize" not in names:
            continue
        place = names.index("Normalize")
        inner = {i.name for item in items[place + 1 :] for i in (item, *(item.items or []), *item.args)}
        late = next((n for n in sorted(inner) if n in _COLOURS), None)
        if late is not None and "ToPILImage" not in names[place:]:
            at = next((i for i in items[place + 1 :] if i.name == late), None)
            yield p.report(
                "SB642",
                at if at is not None and at.line else event,
                f"{late} comes after Normalize: it gets values below 0 and above 1 and clamps them (wrong order)",
                why="colour transforms work on values from 0 to 1, so half of the normalised values are cut off",
                fix=f"Put {late} before ToTensor and Normalize",
            )
