"""A margin loss gets labels 0 and 1 where it needs -1 and 1.

## What it does

Finds targets of 0 and 1 in `CosineEmbeddingLoss`, `MarginRankingLoss`, `HingeEmbeddingLoss`, `SoftMarginLoss`,
and in hinge or logistic losses written by hand (`clamp(1 - y * score, min=0)`).

## Why is this bad

These losses multiply by the label or compare it with -1. A label of 0 gives a constant or no loss at all: half
of the samples (all the negative ones) teach nothing.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
y = (x[:, 0] > 0).float()
for step in range(10):
    optimizer.zero_grad()
    F.soft_margin_loss(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
y = (x[:, 0] > 0).float() * 2 - 1
for step in range(10):
    optimizer.zero_grad()
    F.soft_margin_loss(model(x).squeeze(1), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.labels import binary_labels, conversion
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_PLACE = {"CosineEmbeddingLoss": 2, "MarginRankingLoss": 2, "HingeEmbeddingLoss": 1, "SoftMarginLoss": 1}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        target = event.arg(_PLACE[event.name], "target") if event.name in _PLACE else None
        made = binary_labels(target) if target is not None else None
        if made is not None:
            step = conversion(target) if target is not None else None
            yield p.report(
                "SB262",
                made if made.kind == "const" else step if step is not None else event,
                f"{event.name} needs labels -1 and +1, but it gets 0/1 labels",
                why="a label of 0 gives no gradient (or a constant), so the negative pairs are not learned",
                fix="Map the labels first: y = y * 2 - 1 (or torch.where(same, 1, -1))",
                related=((str(event.src.path), event.line, "the loss"), q.place(made)),
            )
    seen: set[int] = set()
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            found = _margin(val)
            made = binary_labels(found) if found is not None else None
            if made is not None and id(val.node) not in seen:
                seen.add(id(val.node))
                step = conversion(found) if found is not None else None
                yield p.report(
                    "SB262",
                    step if step is not None else val,
                    "a hinge or logistic loss by hand multiplies the score with labels 0 and 1: it needs -1 and 1",
                    why="a label of 0 makes the product 0 whatever the score is, so that class is not learned",
                    fix="Map the labels first: y = y * 2 - 1",
                    related=(q.place(made),),
                )


def _margin(val: Val) -> Val | None:
    """The label in ``relu(1 - y * score)`` or ``log(1 + exp(-y * score))``."""
    inner: Val | None = None
    if val.name in ("relu", "clamp", "clamp_min", "clip") and val.args:
        inner = f.complement(val.args[0])
    elif val.name in ("log1p", "softplus", "log") and val.args:
        one = f.core(val.args[0])
        if val.name == "log" and one.name == "add" and any(a.const in (1, 1.0) for a in one.args):
            one = next((f.core(a) for a in one.args if a.kind != "const"), one)
        if val.name != "softplus" and one.name == "exp" and one.args:
            one = f.core(one.args[0])
        elif val.name != "softplus":
            return None
        inner = one if one.name in ("neg", "mul") else None
    if inner is None:
        return None
    parts = [v for v, power in f.factors(inner) if power > 0 and v.kind != "const"]
    labels = [v for v in parts if not v.grad]
    return labels[0] if len(parts) == 2 and len(labels) == 1 else None
