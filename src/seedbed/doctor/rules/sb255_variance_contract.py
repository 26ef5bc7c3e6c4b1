"""GaussianNLLLoss gets a deviation, a log-variance or a raw output where it expects a variance.

## What it does

Finds `GaussianNLLLoss(mean, target, var)` whose third argument is a standard deviation, a logarithm, or a raw
output that can be negative; and calls whose target and variance are swapped.

## Why is this bad

The loss takes the variance itself and clamps it from below. A deviation is fitted as if it were its square, so
the reported uncertainty is wrong; a raw output or a log-variance below zero is clamped and gets no gradient.

## Example

```python
model = nn.Linear(4, 2)
criterion = nn.GaussianNLLLoss()
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    mean, log_std = model(x).chunk(2, dim=1)
    std = torch.exp(log_std)
    optimizer.zero_grad()
    criterion(mean, y, std).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
criterion = nn.GaussianNLLLoss()
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    mean, log_std = model(x).chunk(2, dim=1)
    std = torch.exp(log_std)
    optimizer.zero_grad()
    criterion(mean, y, std ** 2).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_DEVIATION = {"std", "sigma", "sd", "stddev", "stdev", "scale", "sigmas", "stds"}
_VARIANCE = {"var", "variance", "vars", "logvar", "sq", "squared"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "GaussianNLLLoss":
            continue
        target, var = event.arg(1, "target"), event.arg(2, "var")
        if var is None or target is None:
            continue
        if f.from_model(target) and target.grad and not var.grad and not f.from_model(var) and var.kind != "const":
            said = "target and variance are swapped: the order is (mean, target, var)"
            fix = "Call loss(mean, target, var)"
        elif why := _not_variance(var):
            said, fix = f"GaussianNLLLoss expects the variance, but it gets {why[0]}", why[1]
        else:
            continue
        yield p.report(
            "SB255",
            event,
            said,
            why="the loss divides by this number and takes its logarithm as a variance; negative values are clamped",
            fix=fix,
            related=(q.place(var),),
        )


def _not_variance(var: Val) -> tuple[str, str] | None:
    current, names = var, set[str]()
    for _ in range(20):
        names |= _words(current)
        inner = f.core(current)
        names |= _words(inner)
        if inner.name in ("pow", "square", "mul", "reciprocal", "div"):
            return None
        if inner.name in ("add", "clamp", "clip", "clamp_min") and inner.args:
            current = next((a for a in inner.args if a.grad), inner.args[0])
            continue
        if (
            inner.name in ("exp", "softplus", "sigmoid", "relu", "elu", "abs", "getitem", "chunk", "split")
            and inner.args
        ):
            if inner.name in ("exp", "softplus", "abs", "sqrt"):
                names |= {"positive"}
            current = inner.args[0]
            continue
        if inner.name == "sqrt":
            return "a standard deviation (a square root)", "Pass the variance itself, without the root"
        break
    log = "log" in names or "logvar" in names
    if names & _DEVIATION and not names & _VARIANCE:
        return "a standard deviation: square it", "Pass the square: loss(mean, target, std ** 2)"
    raw = any(o.name in training.LOGIT_OPS or (o.name in ("getitem", "part") and o.grad) for o in _sources(current))
    if "positive" not in names and (log or (raw and _unbounded(var))):
        what = "a log-variance" if log else "a raw output that can be negative"
        return f"{what}: the exp() is missing", "Pass a positive variance: log_var.exp() or F.softplus(raw)"
    return None


def _sources(val: Val) -> list[Val]:
    return training.loss_origins(val)


def _unbounded(val: Val) -> bool:
    """Whether nothing between the layer and this value keeps it positive."""
    return all(
        o.name in training.LOGIT_OPS or (o.args and all(x.name in training.LOGIT_OPS for x in _sources(o.args[0])))
        for o in _sources(val)
    )


def _words(val: Val) -> set[str]:
    """The words that name a value: its variable, the layer that made it, what it is a part of."""
    found = set(words(val.var))
    owner = val.owner
    if owner is not None and getattr(owner, "kind", "") == "module":
        found |= set(words(owner.var))
    node = getattr(val, "node", None)
    func = getattr(node, "func", None)
    if func is not None and val.name not in ("chunk", "split"):
        found |= set(words(getattr(func, "attr", "")))
    return found
