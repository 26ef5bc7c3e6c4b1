"""all() or any() over the batch: one answer per column instead of one per sample.

## What it does

Finds comparisons of predictions with labels, a row for each sample, that are joined with `all(dim=0)` or `any(dim=0)`
and then averaged.

## Why is this bad

The exact-match or top-k accuracy asks whether every (or some) sample of the batch is right in one column. It is close
to 0 or 1 and changes with the batch size.

## Example

```python
model = nn.Linear(4, 5)
features, labels = torch.randn(64, 4), torch.randint(0, 2, (64, 5)).float()
val_loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(features, labels), batch_size=8)
exact = []
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        pred = (torch.sigmoid(model(x)) > 0.5).float()
        exact.extend((pred == y).all(dim=0).tolist())
```

## Use instead

```python
model = nn.Linear(4, 5)
features, labels = torch.randn(64, 4), torch.randint(0, 2, (64, 5)).float()
val_loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(features, labels), batch_size=8)
exact = []
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        pred = (torch.sigmoid(model(x)) > 0.5).float()
        exact.extend((pred == y).all(dim=1).tolist())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import tokens
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val

_TURNS = frozenset(["t", "T", "transpose", "permute", "mT", "swapaxes"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.calls("all", "any"):
        made = event.result
        if made is None or made.name not in ("all", "any") or not made.args or id(event.node) in seen:
            continue
        axis = made.arg(1, "dim") or made.kwargs.get("axis")
        match = f.core(made.args[0])
        if axis is None and len(made.args) == 1 and not made.kwargs:
            yield from _times_batch(p, event, made, match, seen)
            continue
        if axis is None or type(axis.const) is not int or axis.const not in (0, -2):
            continue
        equal = match.name == "eq" or (match.name == "compare" and "Eq" in match.tags)
        if not equal or len(match.args) < 2:
            continue
        if not any(_rows(side) for side in match.args[:2]):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB298",
            event,
            f"{made.name}() over dim={axis.const}, the batch axis: it asks about all samples at once, not about each",
            why="the accuracy has one entry for each column instead of one for each sample",
            fix=f"Use {made.name}(dim=1)",
        )


def _times_batch(p: Program, event: Event, made: Val, match: Val, seen: set[int]) -> Iterator[Finding]:
    """One answer for a whole batch, counted as often as the batch has samples: ``(pred == y).all() * len(y)``."""
    equal = match.name == "eq" or (match.name == "compare" and "Eq" in match.tags)
    if not equal or not any(f.from_model(side) for side in match.args[:2]):
        return
    steps = [made]
    for one in steps:
        steps += [u for u in p.users(one) if f.core(u) is made and len(steps) < 8]
    for val in (u for one in steps for u in p.users(one)):
        parts = [v for v, power in f.factors(val) if power > 0] if val.name == "mul" else []
        sizes = [a for v in parts if v is not made and (a := tokens.axis_read(v)) is not None and a[1] == 0]
        if len(parts) != 2 or not any(v is made for v in parts) or not sizes:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB298",
            event,
            f"{made.name}() without dim gives one answer for the whole batch, and it is counted for every sample",
            why="one wrong place makes the whole batch wrong (or right), so the accuracy depends on the batch size",
            fix=f"Use {made.name}(dim=1).sum(): one answer for each sample",
        )
        return


def _rows(val: Val) -> bool:
    """Whether a value has a row for each sample: its first axis is that of the batch, and it has a second one."""
    one = f.core(val)
    if one.name == "getitem" and len(one.args) == 2 and one.args[1].name == "topk_indices":
        axis, count = one.args[1].arg(2, "dim"), one.args[1].number(1, "k")
        return (axis is None or axis.const in (1, -1)) and isinstance(count, int) and count > 1
    one = val
    for _ in range(20):
        if one.name in _TURNS:
            return False
        if one.name in ("compare", "argmax", "topk_indices", "part", "round", "sigmoid", "softmax") and one.args:
            if one.shape is not None and len(one.shape) != 2:
                return False
            one = one.args[0]
        elif one.name in TRANSPARENT and one.args and one.owner is None:
            one = one.args[0]
        else:
            break
    shape = one.shape
    return (
        one.owner is not None
        and shape is not None
        and len(shape) == 2
        and shape[0] is None
        and isinstance(shape[1], int)
    )
