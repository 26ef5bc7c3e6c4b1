"""Binary targets are not in 0..1.

## What it does

Finds binary targets of -1 and 1 in a binary cross-entropy.

## Why is this bad

The loss has no lower bound for targets outside 0..1: it goes to minus infinity.

## Example

```python
data = torch.randn(64, 4)
target = torch.sign(data[:, :1])
for step in range(10):
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(data), target).backward()
    optimizer.step()
```

## Use instead

```python
data = torch.randn(64, 4)
target = (data[:, :1] > 0).float()
for step in range(10):
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(data), target).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import labels, marks, queries
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"):
            continue
        target = event.arg(1, "target")
        if target is None:
            continue
        for option in target.options():
            made = marks.signed_labels(option)
            coded = _codes(option) if made is None else None
            if coded is not None:
                yield _beyond(p, event, *coded)
                break
            if made is None or any(v.name == "setitem_" for v in queries.chain(option)):
                continue
            step = labels.conversion(option) if _fitted(p, made) else None
            yield p.report(
                "SB242",
                step if step is not None else made if made.line else event,
                f"binary targets are -1 and 1, but {event.name} needs 0 and 1",
                why="outside the range [0, 1] (a negative target) the loss has no lower bound, so the scores run away",
                fix="Map the targets to 0 and 1: (y > 0).float(), or (y + 1) / 2",
                related=((str(event.src.path), event.line, "the loss"),),
            )
            break


_HANDED_ON = frozenset(["batch", "element", "part", "getitem", "from_numpy", "tensor", "as_tensor", "array", "asarray"])


def _codes(target: Val) -> tuple[Val, float, float] | None:
    """Where one of two numbers is chosen for each sample, one of them above 1; and the numbers."""
    one = f.core(target)
    for _ in range(16):
        if one.name not in _HANDED_ON or not one.args or one.args[0].kind not in ("tensor", "unknown"):
            break
        one = f.core(one.args[0])
    if one.name == "where" and len(one.args) == 3:
        pair = [a.const for a in one.args[1:]]
    elif one.name == "randint" and len(one.args) > 1 and all(type(a.const) is int for a in one.args[:2]):
        pair = [one.args[0].const, one.args[1].const - 1]
    else:
        return None
    if any(type(n) not in (int, float) for n in pair) or min(pair) < 0 or max(pair) <= 1 or pair[0] == pair[1]:
        return None
    return one, min(pair), max(pair)


def _beyond(p: Program, event: Event, made: Val, low: float, high: float) -> Finding:
    return p.report(
        "SB242",
        made if made.line else event,
        f"binary targets lie in {low:g}..{high:g}, but {event.name} needs 0 and 1",
        why="outside the range [0, 1] the loss has no lower bound, so the scores run away",
        fix="Map the targets to 0 and 1: (y == positive).float()",
        related=((str(event.src.path), event.line, "the loss"),),
    )


def _fitted(p: Program, made: Val) -> bool:
    """Whether something else (a support vector machine) is fitted on the same labels and wants them signed."""
    return any(queries.reaches_val(a, made) for e in p.all("fit") for a in e.args[1:2])
