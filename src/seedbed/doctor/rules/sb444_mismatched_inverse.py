"""Predictions are not brought back to the scale of the targets as they left it.

## What it does

Finds inverse scalings that do not undo the scaling of the targets: swapped or missing mean and deviation, a minimum
that is added before the range is multiplied, `exp` after `log1p`, the scaler of the inputs instead of that of the
targets, one scaler for both.

## Why is this bad

The reported errors are in a wrong unit, and predictions are shifted or stretched.

## Example

```python
m, s = y_train.mean(), y_train.std()
model = nn.Linear(4, 1)
for step in range(9):
    F.mse_loss(model(x_train), (y_train - m) / s).backward()
    optimizer.step()
with torch.no_grad():
    pred = (model(x_test) + m) * s
```

## Use instead

```python
m, s = y_train.mean(), y_train.std()
model = nn.Linear(4, 1)
for step in range(9):
    F.mse_loss(model(x_train), (y_train - m) / s).backward()
    optimizer.step()
with torch.no_grad():
    pred = model(x_test) * s + m
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import lineage, scaling, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_LOGS = {"log1p": "expm1", "log": "exp", "log2": "exp2", "log10": "pow"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learned, _ = lineage.feeds(p)
    outputs = {id(e.result) for e in training.evaluations(p) if e.result is not None}
    shown: set[int] = set()
    for feed in learned:
        if feed.y is None:
            continue
        steps = lineage.certain(feed.y)
        scaled = [m for s in steps if (m := scaling.standardised(s)) is not None]
        pairs = [m for m in scaled if scaling.statistic(m[0])[0] == "mean"]
        spans = [m for m in scaled if scaling.statistic(m[0])[0] == "min"]
        logs = [s for s in steps if s.name in _LOGS and s.kind == "tensor"]
        for val in _after(p, outputs) if pairs or logs or spans else ():
            problem = _formula(val, *pairs[0], outputs) if pairs else ""
            if len(scaled) == 1 and spans and _added_first(val, *spans[0]):
                problem = (
                    "(x - min) / (max - min) is undone by z * (max - min) + min, but here the minimum is added first"
                )
            if logs and val.name in ("exp", "expm1") and val.name != _LOGS[logs[0].name]:
                problem = f"the targets went through {logs[0].name}, but {val.name} does not undo it"
            if not problem and pairs and logs and _still_scaled(val, steps, pairs[0], logs[0], outputs):
                problem = f"{val.name} undoes {logs[0].name}, but not the mean and deviation that came after it"
            if problem and id(val.node) not in shown:
                shown.add(id(val.node))
                yield _finding(p, val, problem)
    yield from _scalers(p, shown)


def _still_scaled(val: Val, steps: list[Val], pair: tuple[Val, Val], log: Val, outputs: set[int]) -> bool:
    """Whether ``exp`` is taken of a bare output, where the targets were standardised after their logarithm."""
    outer = next((n for n, s in enumerate(steps) if scaling.standardised(s) == pair), len(steps))
    if val.name != _LOGS[log.name] or not val.args or outer > next(n for n, s in enumerate(steps) if s is log):
        return False
    bare = val.args[0]
    while id(bare) not in outputs and bare.name in TRANSPARENT and bare.name != "forward" and bare.args:
        bare = bare.args[0]
    return id(bare) in outputs


def _finding(p: Program, at: Val, problem: str) -> Finding:
    return p.report(
        "SB444",
        at,
        f"the inverse scaling of the predictions does not fit that of the targets: {problem}",
        why="predictions come back on another scale than the targets, so errors are wrong",
        fix="Undo the steps in the reverse order: pred * y_std + y_mean (y_scaler.inverse_transform; expm1 for log1p)",
    )


def _after(p: Program, outputs: set[int]) -> Iterator[Val]:
    """Values made from measured outputs by arithmetic."""
    seen: set[int] = set()
    heads = [v for _, v, _ in p.assigns] + [a for e in p.all("call", "compare") for a in e.args]
    for head in heads:
        for val in ancestors(head, limit=60):
            if id(val) not in seen and val.name in ("add", "mul", "exp", "expm1") and val.kind == "tensor":
                seen.add(id(val))
                if any(id(v) in outputs for v in ancestors(val, limit=40)):
                    yield val


def _base(val: Val) -> Val:
    while val.name in TRANSPARENT and val.args and val.name not in ("getitem", "forward"):
        val = val.args[0]
    return val


def _formula(val: Val, mean: Val, std: Val, outputs: set[int]) -> str:
    if val.name not in ("add", "mul") or len(val.args) != 2:
        return ""
    m, s = _base(mean), _base(std)
    parts = [_base(a) for a in val.args]
    other = parts[1] if parts[0] in (m, s) else parts[0]
    if val.name == "mul" and m in parts:
        return "it multiplies by the mean (mean and std are swapped)"
    if val.name == "mul" and s in parts and other.name == "add" and m in [_base(a) for a in other.args]:
        return "the mean is added before the multiplication by the deviation"
    if val.name == "add" and m in parts and id(other) in outputs:
        users = [u for u in val.args if u.name == "mul"]
        return "" if users or _scaled_later(val, s) else "the mean is added, but the deviation is not multiplied back"
    return ""


def _added_first(val: Val, low: Val, width: Val) -> bool:
    """Whether a value is ``(z + min) * (max - min)``, where ``(x - min) / (max - min)`` was to be undone."""
    if val.name != "mul" or len(val.args) != 2:
        return False
    for total, factor in (val.args, val.args[::-1]):
        inner = _base(total)
        if f.same(factor, width) and inner.name == "add" and len(inner.args) == 2:
            return any(f.same(part, low) for part in inner.args)
    return False


def _scaled_later(val: Val, std: Val) -> bool:
    """Whether the mean that is added has the wrong order of steps, which is told where it is multiplied."""
    return "shown" in val.tags or std is None


def _scalers(p: Program, shown: set[int]) -> Iterator[Finding]:
    learned, _ = lineage.feeds(p)
    xs = {id(o): o for feed in learned for o in _objects(feed.x)}
    ys = {id(o): o for feed in learned if feed.y is not None for o in _objects(feed.y)}
    both = [o for key, o in xs.items() if key in ys and xs is not ys]
    for one in both:
        fits = [e for e in p.all("fit") if e.recv is one]
        if len(fits) > 1 and id(fits[-1].node) not in shown:
            shown.add(id(fits[-1].node))
            yield p.report(
                "SB444",
                fits[-1],
                f"one {one.name} scales inputs and targets: the second fit replaces the statistics of the first",
                why="transform and inverse_transform then use the wrong mean and deviation for one of them",
                fix="Make two scalers, one for the inputs and one for the targets",
            )
    for event in p.once("transform"):
        if event.recv is None or id(event.recv) in {id(o) for o in both} or not event.args:
            continue
        of_model = any(v.name == "forward" for v in ancestors(event.args[0], limit=30))
        if not of_model:
            continue
        if event.name == "inverse_transform" and id(event.recv) in xs and id(event.recv) not in ys and ys:
            yield _finding(p, _at(event.args[0], event), "the scaler of the inputs undoes the scaling of the targets")
        elif event.name == "transform" and id(event.recv) in ys:
            yield _finding(p, _at(event.args[0], event), "transform() scales the predictions once more")


def _at(val: Val, event: object) -> Val:
    made = Val("unknown", "call", getattr(event, "node", None), getattr(event, "src", None))
    del val
    return made


def _objects(val: Val) -> Iterator[Val]:
    for step in lineage.certain(val):
        if step.name in ("fit_transform", "transform") and len(step.args) > 1 and step.args[-1].kind == "object":
            yield step.args[-1]
