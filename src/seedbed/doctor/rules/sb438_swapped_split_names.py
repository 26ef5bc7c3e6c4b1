"""The parts of a split get each other's names.

## What it does

Finds results of `train_test_split` and `random_split` that are unpacked in the wrong order, and splits whose sizes
are swapped.

## Why is this bad

The model is trained on the part that was meant for the test, or labels and inputs are mixed up.

## Example

```python
from sklearn.model_selection import train_test_split
x_train, y_train, x_test, y_test = train_test_split(x, y, test_size=0.5)
model(x_train)
```

## Use instead

```python
from sklearn.model_selection import train_test_split
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.5)
model(x_train)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Event, Program

_HELD = ("val", "test")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    calls = {
        id(e.node): e
        for e in p.calls("train_test_split", "random_split")
        if e.name.rsplit(".", 1)[-1] in ("train_test_split", "random_split")
    }
    for node in q.nodes(p, ast.Assign):
        event = calls.get(id(node.value))
        target = node.targets[0]
        if event is None or not isinstance(target, (ast.Tuple, ast.List)):
            continue
        names = [_name(t) for t in target.elts]
        problem = _wrong(event, [split_of(n) for n in names])
        if problem:
            yield p.report(
                "SB438",
                event,
                f"{problem}: {', '.join(names)}",
                why="the names do not fit what they hold: the training uses the part that is meant for testing, "
                "or inputs and targets are mixed up",
                fix="Unpack in the order of the call: x_train, x_test, y_train, y_test = train_test_split(x, y)",
            )
    held = {
        id(n.value): {split_of(_name(t)) for t in getattr(n.targets[0], "elts", ())} - {""} == set(_HELD)
        for n in q.nodes(p, ast.Assign)
    }
    for event in p.first_calls("train_test_split"):
        if event.name.rsplit(".", 1)[-1] == "train_test_split":
            size = event.kwargs.get("test_size")
            if event.args and (event.args[0].split in _HELD or held.get(id(event.node))):
                continue  # what was held out is parted again
            if _rest_of_training(event):
                continue
            if size is not None and isinstance(size.const, float) and 0.7 <= size.const < 0.96:
                yield p.report(
                    "SB438",
                    event,
                    f"test_size={size.const} gives the test set most of the data: the sizes of the split are swapped",
                    why=f"only {1 - size.const:.0%} of the rows are left for the training",
                    fix=f"Use test_size={round(1 - size.const, 3)} (or train_size={size.const})",
                    severity=Severity.HINT if _named(event) else None,
                )


def _named(event: Event) -> bool:
    """Whether the size has a name that says what it is for: who calls a number so has chosen a small training set."""
    given = next((k.value for k in getattr(event.node, "keywords", ()) if k.arg == "test_size"), None)
    said = given.attr if isinstance(given, ast.Attribute) else given.id if isinstance(given, ast.Name) else ""
    return bool(said) and split_of(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", said).lower()) in _HELD


def _rest_of_training(event: Event) -> bool:
    """Whether the size is written as what a share for the training leaves: ``test_size=1 - share``."""
    given = next((k.value for k in getattr(event.node, "keywords", ()) if k.arg == "test_size"), None)
    if (
        not isinstance(given, ast.BinOp)
        or not isinstance(given.op, ast.Sub)
        or not isinstance(given.left, ast.Constant)
    ):
        return False
    names = [n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(given.right) if isinstance(n, _NAMES)]
    return bool(names) and not any(split_of(n) in _HELD for n in names)


_NAMES = (ast.Name, ast.Attribute)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else "_"


def _wrong(event: Event, splits: list[str]) -> str:
    """What is wrong with the order of the names, ``""`` when nothing."""
    held = ("val", "test")
    if event.name.endswith("train_test_split"):
        if len(splits) >= 4 and splits[0] == splits[1] == "train" and splits[2] in held and splits[3] in held:
            return "train_test_split gives both parts of the first array, then both of the second, but is unpacked as"
        pairs = list(zip(splits[::2], splits[1::2], strict=False))
        if pairs and all(a in held and b == "train" for a, b in pairs):
            return "train_test_split gives the training part first, but the names are the other way round"
        return ""
    sizes = event.args[1].items if len(event.args) > 1 and event.args[1].items else []
    numbers = [s.const for s in sizes if isinstance(s.const, (int, float))]
    if len(numbers) == len(splits) == len(sizes) and "train" in splits:
        mine = numbers[splits.index("train")]
        reversed_names = splits[0] in held and splits[-1] == "train"
        if mine < 0.5 * max(numbers) and (reversed_names or all(isinstance(n, float) for n in numbers)):
            return f"the sizes {numbers} give the training set the small part"
    return ""
