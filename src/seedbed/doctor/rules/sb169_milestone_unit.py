"""The milestone of SequentialLR does not fit the warm-up before it.

## What it does

Finds a `SequentialLR` whose milestone is counted in another unit than the schedule that ends there.

## Why is this bad

The warm-up is cut off after a few steps, or goes on long after it has ended: the learning rate jumps.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
per_epoch, warmup_epochs = len(loader), 3
warm = torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warmup_epochs * per_epoch)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=7 * per_epoch)
scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], milestones=[warmup_epochs])
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
per_epoch, warmup_epochs = len(loader), 3
steps = warmup_epochs * per_epoch
warm = torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=steps)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=7 * per_epoch)
scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], milestones=[steps])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LENGTH = {"LinearLR": (3, "total_iters"), "ConstantLR": (2, "total_iters")}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("scheduler"):
        made = event.result
        if made is None or made.kind != "scheduler" or made.name != "SequentialLR" or event.recv is not None:
            continue
        parts, marks = made.arg(1, "schedulers"), made.arg(2, "milestones")
        if parts is None or marks is None or not parts.items or not marks.items:
            continue
        first, mark = parts.items[0], marks.items[0]
        if first.name not in _LENGTH:
            continue
        length = first.arg(*_LENGTH[first.name])
        problem = _problem(length, mark)
        if problem:
            yield p.report(
                "SB169",
                event,
                f"SequentialLR's milestone {_said(mark)} does not fit the warm-up ({first.name}) of "
                f"{_said(length)} steps: {problem}",
                why="milestones and total_iters count calls of scheduler.step(); epochs and steps are mixed here",
                fix=f"Use the same number for the milestone and for {first.name}'s total_iters",
                related=((str(event.src.path), first.line, "the warm-up"),),
            )


def _problem(length: Val | None, mark: Val) -> str:
    if length is None or length is mark:
        return ""
    a, b = length.const, mark.const
    if isinstance(a, int) and isinstance(b, int):
        if a != b and (a > 1.5 * b or b > 1.5 * a):
            return "the warm-up is cut off" if b < a else "the rate stands still between them"
        return ""
    if _times(length, mark):
        return "it is counted in epochs, the warm-up in steps, so the warm-up is cut off"
    if _times(mark, length):
        return "it is counted in steps, the warm-up in epochs, so the rate stands still between them"
    return ""


def _times(big: Val, small: Val) -> bool:
    """Whether ``big`` is ``small`` multiplied by something that is not known to be one."""
    for one in big.options():
        if one.name == "mul" and any(_like(v, small) for a in one.args for v in ancestors(a, limit=10)):
            return True
    return False


def _like(a: Val, b: Val) -> bool:
    return a is b or (a.kind == b.kind == "const" and isinstance(a.const, int) and a.const == b.const and a.const > 1)


def _said(val: Val | None) -> str:
    if val is None:
        return "?"
    return str(val.const) if val.kind == "const" else val.var or val.name
