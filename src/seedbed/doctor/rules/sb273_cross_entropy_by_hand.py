"""A binary cross-entropy written by hand lacks a term or exchanges its probabilities.

## What it does

Finds `-(y * log(p))` of a sigmoid output without the `(1 - y) * log(1 - p)` term, and formulas in which `log(p)` and
`log(1 - p)` have changed places.

## Why is this bad

Without the second term nothing punishes a prediction of 1 for every sample. With exchanged terms the model learns
the opposite of the labels.

## Example

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    p = model(x).squeeze(1).clamp(1e-6, 1 - 1e-6)
    optimizer.zero_grad()
    loss = -(y * torch.log(p)).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    p = model(x).squeeze(1).clamp(1e-6, 1 - 1e-6)
    optimizer.zero_grad()
    loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        terms = f.summands(back.recv) if back.recv is not None else []
        logs = [(t, found) for s, t in terms if s < 0 and (found := _weighted_log(t)) is not None]
        if not logs or id(logs[0][0].node) in seen:
            continue
        crossed = [t for t, (label, inverse, other) in logs if inverse != other]
        if len(logs) == 2 and len(crossed) == 2:
            seen.add(id(crossed[0].node))
            yield p.report(
                "SB273",
                crossed[0],
                "log(p) and log(1 - p) of the binary cross-entropy are swapped",
                why="positive samples are punished for a high probability, so the model learns the opposite",
                fix="Use -(y * log(p) + (1 - y) * log(1 - p)), or F.binary_cross_entropy",
            )
        elif len(logs) == 2 and len(crossed) == 1:
            seen.add(id(crossed[0].node))
            yield p.report(
                "SB273",
                crossed[0],
                "a term of the binary cross-entropy is wrong: log(p) goes with y, log(1 - p) with 1 - y",
                why="both terms pull the prediction to the same side, whatever the label is",
                fix="Use -(y * log(p) + (1 - y) * log(1 - p)), or F.binary_cross_entropy",
            )
        elif len(logs) == 1 and not crossed and not logs[0][1][1] and len([t for _, t in terms if t.grad]) == 1:
            seen.add(id(logs[0][0].node))
            yield p.report(
                "SB273",
                logs[0][0],
                "the binary cross-entropy lacks its second term, (1 - y) * log(1 - p)",
                why="negative samples cost nothing, so a prediction of 1 for everything has the lowest loss",
                fix="Use -(y * log(p) + (1 - y) * log(1 - p)), or F.binary_cross_entropy",
            )


def _weighted_log(term: Val) -> tuple[Val, bool, bool] | None:
    """``y * log(p)`` of a sigmoid: the label, whether it is ``1 - y``, and whether the log is of ``1 - p``."""
    parts = [v for v, power in f.factors(term) if power > 0 and v.kind != "const"]
    logs = [v for v in parts if v.name == "log" and v.grad and v.args]
    labels = [v for v in parts if not v.grad and v.kind in ("tensor", "unknown")]
    if len(parts) != 2 or len(logs) != 1 or len(labels) != 1:
        return None
    inner = f.core(logs[0].args[0])
    if inner.name == "add" and any(a.kind == "const" for a in inner.args):
        inner = f.core(next(a for a in inner.args if a.kind != "const"))
    if inner.name in ("clamp", "clip", "clamp_min") and inner.args:
        inner = f.core(inner.args[0])
    less = f.complement(inner)
    base = f.core(less) if less is not None else inner
    while base.name in ("clamp", "clip", "clamp_min", "forward") and base.args:
        base = f.core(base.args[0])
    if base.name != "sigmoid":
        return None
    other = f.complement(labels[0])
    return labels[0], other is not None, less is not None
