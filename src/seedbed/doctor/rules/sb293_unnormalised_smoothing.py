"""Smoothed targets by hand are no probabilities: they do not sum to one.

## What it does

Works out the sum of hand-made soft targets where the number of classes and the smoothing are known:
`full_like(logp, a).scatter_(1, y, b)` and `one_hot(y) * (1 - eps) + c`. Reports sums other than one, and targets in
which the right class gets the least.

## Why is this bad

With the sides exchanged the model learns every class but the right one. With a sum other than one the loss is scaled
by it, and no output reaches its minimum.

## Example

```python
eps, classes = 0.1, 5
model = nn.Linear(4, classes)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    logp = F.log_softmax(model(x), dim=1)
    target = F.one_hot(y, classes) * (1 - eps) + eps
    loss = -(target * logp).sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
eps, classes = 0.1, 5
model = nn.Linear(4, classes)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    logp = F.log_softmax(model(x), dim=1)
    target = F.one_hot(y, classes) * (1 - eps) + eps / classes
    loss = -(target * logp).sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LOGS = frozenset(["log_softmax", "LogSoftmax"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            for target, scores in ((o, s) for t, s in _pairs(val) for o in t.options()):
                found = _levels(target) or _scattered(p, target)
                if found is None or id(found[0].node) in seen:
                    continue
                at, low, high, classes = found
                classes = classes or _classes(scores)
                said = _problem(low, high, classes)
                if not said:
                    continue
                seen.add(id(at.node))
                yield p.report(
                    "SB293",
                    at,
                    f"label smoothing by hand: {said}",
                    why="soft targets must be probabilities: 1 - eps for the right class (plus its share), the rest "
                    "spread over the classes, one in sum",
                    fix="Use one_hot * (1 - eps) + eps / classes, or CrossEntropyLoss(label_smoothing=eps)",
                )


def _problem(low: float, high: float, classes: int | None) -> str:
    if 0 <= high < low:
        return f"the right class gets {high:g} and each wrong one {low:g}: the smoothing is inverted"
    if classes is None or classes < 2:
        return ""
    total = high + (classes - 1) * low
    if abs(total - 1) < 1e-3 or high <= 0 or low <= 0:
        return ""
    return f"the targets sum to {total:.3g} over {classes} classes, not to one"


def _pairs(val: Val) -> Iterator[tuple[Val, Val]]:
    """Soft targets and the scores that they are judged with."""
    if val.name == "mul" and len(val.args) == 2:
        for target, scores in (val.args, val.args[::-1]):
            if f.core(scores).name in _LOGS and not target.grad:
                yield target, f.core(scores)
    elif val.name == "loss" and val.tags & {"CrossEntropyLoss", "KLDivLoss"} and len(val.args) > 1:
        yield val.args[1], val.args[0]


def _classes(scores: Val) -> int | None:
    size = scores.shape[-1] if scores.shape is not None and len(scores.shape) == 2 else None
    return size if isinstance(size, int) else None


def _levels(target: Val) -> tuple[Val, float, float, int | None] | None:
    """Where targets are made, the level of wrong classes and of the right one, and how many classes there are."""
    one = f.core(target)
    if one.name in ("scatter_", "scatter") and len(one.args) >= 4:
        low, high = _filled(one.args[0]), _number(one.args[3])
        return (one, low, high, _classes(one.args[0])) if low is not None and high is not None else None
    if one.name != "add" or len(one.args) != 2:
        return None
    for marks, shift in (one.args, one.args[::-1]):
        low = _number(shift)
        kept = _marks(marks)
        if low is not None and kept is not None:
            hot, share = kept
            count = hot.number(1, "num_classes")
            return one, low, share + low, count if isinstance(count, int) and count > 0 else _classes(hot)
    return None


def _scattered(p: Program, target: Val) -> tuple[Val, float, float, int | None] | None:
    """The same for a filled tensor into which ``scatter_`` writes as a statement."""
    one = f.core(target)
    low = _filled(one)
    marks = [e for e in p.all("inplace") if e.name == "scatter_" and e.recv is one] if low is not None else []
    high = _number(marks[0].args[2]) if len(marks) == 1 and len(marks[0].args) > 2 else None
    if low is None or high is None:
        return None
    made = Val("tensor", "scatter_", marks[0].node, marks[0].src)
    return made, low, high, _classes(one)


def _filled(base: Val) -> float | None:
    """The number that a whole tensor holds."""
    one = f.core(base)
    if one.name in ("full_like", "full", "new_full"):
        place = 2 if one.name == "new_full" else 1
        return _number(one.args[place]) if len(one.args) > place else _number(one.kwargs.get("fill_value"))
    if one.name in ("fill_", "add", "add_") and len(one.args) == 2:
        inner = f.core(one.args[0])
        return _number(one.args[1]) if inner.name in ("zeros_like", "zeros", "empty_like", "empty") else None
    return None


def _number(val: Val | None) -> float | None:
    number = val.const if val is not None and val.kind == "const" else None
    return float(number) if isinstance(number, (int, float)) and not isinstance(number, bool) else None


def _marks(val: Val) -> tuple[Val, float] | None:
    """``one_hot(y) * share``, or the marks alone."""
    one = f.core(val)
    if one.name == "one_hot":
        return one, 1.0
    if one.name != "mul" or len(one.args) != 2:
        return None
    for hot, share in (one.args, one.args[::-1]):
        number = _number(share)
        if f.core(hot).name == "one_hot" and number is not None:
            return f.core(hot), number
    return None
