"""A learned uncertainty weighs the error, but its own term is missing or has the wrong sign.

## What it does

Finds errors that are multiplied by `exp(-s)` (or divided by a predicted variance) with a learned `s`, while the
loss has no `+ s` (or `+ log(var)`) term, or has it with the wrong sign.

## Why is this bad

Without the term the loss is smallest when the uncertainty is infinite: `s` grows for ever and the error stops
counting. With the wrong sign the loss has no lower bound.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    mean, log_var = model(x).chunk(2, dim=1)
    optimizer.zero_grad()
    loss = (0.5 * torch.exp(-log_var) * (y - mean) ** 2).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    mean, log_var = model(x).chunk(2, dim=1)
    optimizer.zero_grad()
    loss = (0.5 * torch.exp(-log_var) * (y - mean) ** 2 + 0.5 * log_var).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        root = back.recv
        if root is None:
            continue
        terms = f.summands(root)
        for sign, term in terms:
            found = _weighted_error(term)
            if found is None or sign < 0 or id(term.node) in seen or term.kind != "tensor":
                continue
            free, power = found
            others = [(s, t) for s, t in terms if t is not term]
            own = [s * _slope(t, free) for s, t in others if _slope(t, free)]
            if any(free_in(t, free) and not _slope(t, free) and _weighted_error(t) is None for _, t in others):
                continue
            if own and any(s == -power for s in own):
                continue
            seen.add(id(term.node))
            title, why, fix = _said(bool(own), power)
            yield p.report("SB256", term, title, why=why, fix=fix, related=(q.place(free),))


def _said(own: bool, power: int) -> tuple[str, str, str]:
    """Title, reason and cure."""
    if own:
        return (
            "the sign of the uncertainty does not fit: exp(s) * error with + s (or exp(-s) with - s)",
            "both terms fall together, so the loss (a negative log-likelihood) has no lower bound",
            "Divide the error by the variance and add its logarithm: exp(-log_var) * error + log_var",
        )
    grows = "the loss is smallest when the variance is infinite, and then the error does not count"
    return (
        "the log-variance term is missing: the predicted uncertainty weighs the error for free",
        grows if power < 0 else "the weight of the error simply shrinks to zero",
        "Add the regularising term: exp(-log_var) * error + log_var (or error / var + log(var))",
    )


def _weighted_error(term: Val) -> tuple[Val, int] | None:
    """The learned scale that an error is multiplied with, and the sign of its power."""
    parts = f.factors(term)
    if not any(_is_error(v) for v, power in parts if power > 0):
        return None
    for val, power in parts:
        if not val.grad or _is_error(val):
            continue
        if val.name in ("pow", "square") and val.args:
            val = f.core(val.args[0])
        if val.name == "exp" and val.args:
            inner = f.core(val.args[0])
            if inner.name == "mul" and any(isinstance(a.const, (int, float)) and a.const < 0 for a in inner.args):
                power, inner = -power, next((a for a in inner.args if a.kind != "const"), inner)
            if inner.name == "mul" and any(a.kind == "const" for a in inner.args):
                inner = next((a for a in inner.args if a.kind != "const"), inner)
            while inner.name == "neg" and inner.args:
                power, inner = -power, f.core(inner.args[0])
            return (f.core(inner), power) if _learned(inner) else None
        if (power > 0 and val.name in ("Parameter", "parameter")) or _entry(val):
            return val, 1
        if power < 0 and val.name in ("softplus", "exp", "add", "clamp", "square") and _learned(val):
            return val, -1
    return None


def _entry(val: Val) -> bool:
    """Whether a value is an entry of a parameter."""
    return val.name == "getitem" and bool(val.args) and f.core(val.args[0]).name in ("Parameter", "parameter")


def _learned(val: Val) -> bool:
    """Whether a scale is predicted or a parameter, and not the output that the error is taken of."""
    return val.grad and val.kind in ("tensor", "phi") and not any(v.name == "loss" for v in ancestors(val, limit=60))


def _is_error(val: Val) -> bool:
    if f.loss_value(val, reduced=False) is not None:
        return any(t in val.tags for t in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "CrossEntropyLoss"))
    if val.name in ("pow", "square", "abs") and val.args:
        inner = f.core(val.args[0])
        return inner.name == "sub" and inner.grad and len(inner.args) == 2 and not all(a.grad for a in inner.args)
    return val.name in ("mean", "sum") and bool(val.args) and _is_error(f.core(val.args[0]))


def _slope(term: Val, free: Val) -> int:
    """The sign with which ``free`` (or its logarithm) itself is a summand."""
    for val, power in f.factors(term):
        if power > 0 and (val is free or f.same(val, free) or any(val is f.core(o) for o in free.options())):
            return 1
        if power > 0 and val.name in ("log", "log1p", "log2") and val.args and free_in(val.args[0], free):
            return 1
        if power > 0 and _entry(free) and val is f.core(free.args[0]):
            return 1  # the sum over the whole parameter
        if power > 0 and val.name in ("sum", "mean") and val.args and free_in(val.args[0], free):
            return 1
    return 0


def free_in(val: Val, free: Val) -> bool:
    """Whether a value is made from the learned scale."""
    wanted = {id(free), *(id(o) for o in free.options())}
    return any(id(v) in wanted for v in ancestors(val, limit=400))
