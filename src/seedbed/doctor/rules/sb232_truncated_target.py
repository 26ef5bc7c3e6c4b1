"""Targets are cast to integers: their fraction is lost.

## What it does

Finds regression targets that are cast to integers.

## Why is this bad

The fraction is lost: the model learns a staircase.

## Example

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True).long()
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target.float()).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
data = torch.randn(64, 4)
target = data.sum(1, keepdim=True)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(data), target).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import lineage, ranges
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _given_whole(p)
    for event in p.once("loss"):
        if event.name in _LABELS and len(event.args) > 1:
            yield from _probabilities(p, event)
        if event.name not in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss") or len(event.args) < 2:
            continue
        for one in q.chain(event.args[1]):
            made = one.name in ("tensor", "as_tensor", "asarray", "array") and _whole(one.kwargs.get("dtype"))
            if one.kind == "tensor" and (made or one.name in ("long", "int", "short", "byte")) and one.args:
                source = one.args[0]
                if made and _fractions(source):
                    yield p.report(
                        "SB232",
                        one,
                        "the regression target is cast to whole numbers (dtype=torch.long): its fraction is truncated",
                        why="the model is trained on truncated targets",
                        fix="Keep the target as float: dtype=torch.float32",
                        related=((str(event.src.path), event.line, "the loss"),),
                    )
                    break
                if (source.dtype == "float" and not _compared(p, one)) or ranges.can_be_negative(source) is True:
                    yield p.report(
                        "SB232",
                        one,
                        f"the regression target is cast to integers by {one.name}(): its fraction is lost",
                        why="the model is trained on truncated targets",
                        fix="Keep the target as float",
                        related=((str(event.src.path), event.line, "the loss"),),
                    )
                    break


def _given_whole(p: Program) -> Iterator[Finding]:
    """A number that was worked out with fractions, of which a data set gives ``int(...)`` as the target."""
    seen: set[int] = set()
    for pred, target, event in pairs(p):
        for one in q.chain(target) if pred.grad and not target.grad else ():
            if one.name in _SIZED:
                break  # the number is how many there are
            if one.name != "int_builtin" or not one.args or id(one.node) in seen or not _fractions(one.args[0]):
                continue
            seen.add(id(one.node))
            yield p.report(
                "SB232",
                one,
                "the regression target is cut to a whole number by int(): its fraction is lost",
                why="the model is trained on truncated targets",
                fix="Keep the target as float: float(...)",
                related=((str(event.src.path), event.line, "the loss"),),
            )


_SIZED = frozenset(["zeros", "ones", "empty", "full", "arange", "range", "linspace", "rand", "randn", "randint"])


def _compared(p: Program, cast: Val) -> bool:
    """Whether a target of which only a cast says that it is a float holds classes: something is to be equal to it."""
    source = lineage.path(cast, 40)
    if any(v.name in ("div", "mul", "randn", "rand", "normal", "uniform") or _fractions(v) for v in source):
        return False
    mine = {id(v) for v in source} | {id(v.node) for v in source if v.node is not None}
    for event in p.all("compare", "call"):
        equal = event.kind == "compare" and event.name in ("Eq", "NotEq")
        if equal or event.name.rsplit(".", 1)[-1] in _OF_CLASSES:
            for side in event.args[:2]:
                if any(id(v) in mine or id(v.node) in mine for v in lineage.path(side, 12)):
                    return True
    return False


_OF_CLASSES = frozenset(["accuracy_score", "f1_score", "precision_score", "recall_score", "confusion_matrix"])
_LABELS = ("CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss")
_CASTS = frozenset(["long", "int", "astype", "to", "type", "tensor", "as_tensor"])
_BELOW_ONE = frozenset(["sigmoid", "softmax", "expit", "rand", "rand_like", "random_sample", "np_rand"])


def _probabilities(p: Program, event: Event) -> Iterator[Finding]:
    """Labels that are probabilities cut to whole numbers: all of them are 0."""
    for one in lineage.certain(event.args[1]):
        if one.name not in _CASTS or one.dtype not in ("long", "int", "int64", "int32", "uint8") or not one.args:
            continue
        source = one.args[0]
        while source.name in ("squeeze", "view", "reshape", "flatten", "float", "numpy", "from_numpy") and source.args:
            source = source.args[0]
        if source.name in _BELOW_ONE or _logistic(source):
            yield p.report(
                "SB232",
                one,
                f"the labels are probabilities cut to whole numbers by {one.name}(): every label is 0",
                why="a number between 0 and 1 is truncated to 0, so there is only one class (the threshold is missing)",
                fix="Compare first: (p > 0.5).long()",
                related=((str(event.src.path), event.line, "the loss"),),
            )
        return


def _logistic(val: Val) -> bool:
    """Whether it is ``1 / (1 + exp(-x))``."""
    if val.name != "div" or len(val.args) != 2 or val.args[0].const not in (1, 1.0):
        return False
    below = val.args[1]
    return (
        below.name == "add"
        and any(a.const in (1, 1.0) for a in below.args)
        and any(a.name in ("exp", "np_exp") for a in below.args)
    )


def _whole(dtype: Val | None) -> bool:
    """Whether a dtype is one of whole numbers."""
    last = dtype.name.rsplit(".", 1)[-1] if dtype is not None else ""
    return last in ("long", "int", "int64", "int32", "int16", "short", "builtins.int")


def _fractions(source: Val) -> bool:
    """Whether values were divided or multiplied by a fraction, or come from a regression table."""
    for step in lineage.path(source, 40):
        if step.name in ("floor_divide", "round", "floor", "argmax", "long", "int", "codes", "compare"):
            return False
        if step.name in ("div", "log", "log1p", "exp", "sqrt", "load_diabetes", "load_diabetes_y", "make_regression_y"):
            return True
        if step.name == "mul" and any(isinstance(a.const, float) and a.const % 1 for a in step.args):
            return True
    return False
