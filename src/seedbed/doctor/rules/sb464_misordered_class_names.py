"""Predicted classes are named in another order than the labels were numbered.

## What it does

Finds a list of class names that is indexed with a predicted class, where the labels were numbered in another order
(a mapping, another list, or the alphabetical order of `ImageFolder` and `LabelEncoder`).

## Why is this bad

The model may be right, but what is printed, stored or counted is the wrong class.

## Example

```python
CLASS_TO_ID = {"cat": 0, "dog": 1, "bird": 2}
names = ["bird", "cat", "dog"]
print(names[model(x).argmax(1)[0]])
```

## Use instead

```python
CLASS_TO_ID = {"cat": 0, "dog": 1, "bird": 2}
names = ["cat", "dog", "bird"]
print(names[model(x).argmax(1)[0]])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.categories import numbering, strings
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_PICKS = frozenset(["argmax", "max", "topk", "predict", "multinomial"])
_SORTED = frozenset(["ImageFolder", "DatasetFolder", "LabelEncoder", "cat_codes", "codes"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(e.recv is not None and numbering(e.recv) is not None for e in p.once("getitem")):
        return
    orders = [n for _, v, _ in p.assigns if (n := numbering(v)) is not None]
    by_name = any(e.name.rsplit(".", 1)[-1] in _SORTED for e in p.calls(*_SORTED))
    for event in p.once("getitem"):
        names = numbering(event.recv) if event.recv is not None else None
        if names is None or not event.args or not _predicted(event.args[0]):
            continue
        other = next((o for o in orders if o != names and set(o) == set(names)), None)
        if other is None and by_name and sorted(names) != names and strings(event.recv) is not None:
            other = sorted(names)
        if other is None and sorted(names) != names and _alphabetical(p, names, event.recv):
            other = sorted(names)
        if other is not None:
            yield p.report(
                "SB464",
                event,
                f"the predicted class is named by {names}, but the labels are numbered as {other}: "
                "the order of the class names does not fit the class indices",
                why="class index 0 means another class in training than in this list (label mapping mismatch); "
                "ImageFolder, LabelEncoder and sorted() number the classes alphabetically",
                fix="Invert the mapping that made the labels: names = {i: c for c, i in class_to_idx.items()}",
            )


def _alphabetical(p: Program, names: list[str], listed: Val | None) -> bool:
    """Whether the targets of training are places of these very names in a sorted list: ``classes.index(name)``."""
    for feed in lineage.feeds(p)[0]:
        for one in ancestors(feed.y, limit=150) if feed.y is not None else ():
            table = one.args[0] if one.name == "index" and len(one.args) > 1 else None
            if table is None or table.name != "sorted" or table.kwargs or not table.args:
                continue
            held = [o.const for v in table.args[0].items or [] for o in v.options()]
            if set(held) == set(names) or any(v is listed for v in ancestors(table, limit=60)):
                return True
    return False


def _predicted(key: Val) -> bool:
    return any(v.name in _PICKS and v.args for v in ancestors(key, limit=60))
