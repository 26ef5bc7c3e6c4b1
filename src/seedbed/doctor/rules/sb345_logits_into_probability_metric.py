"""A metric of probabilities gets raw logits.

## What it does

Finds `log_loss`, `brier_score_loss` and `calibration_curve` that get the raw outputs of a model instead of
probabilities.

## Why is this bad

These metrics measure how good probabilities are. Logits are clipped or normalised away, and the figure means nothing.

## Example

```python
from sklearn.metrics import log_loss

model = nn.Linear(4, 3)
model.eval()
with torch.no_grad():
    print(log_loss(y_test, model(x_test).numpy()))
```

## Use instead

```python
from sklearn.metrics import log_loss

model = nn.Linear(4, 3)
model.eval()
with torch.no_grad():
    print(log_loss(y_test, F.softmax(model(x_test), dim=1).numpy()))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program

_NAMES = frozenset(["log_loss", "brier_score_loss", "calibration_curve"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls(*_NAMES):
        last = event.name.rsplit(".", 1)[-1]
        if not event.name.startswith("sklearn"):
            continue
        guess = event.arg(1, "y_prob") or event.kwargs.get("y_proba") or event.kwargs.get("y_pred")
        raw = next((v for v in measures.elements(guess) if v.name in training.LOGIT_OPS), None) if guess else None
        if raw is not None:
            yield p.report(
                "SB345",
                event,
                f"{last} gets raw logits: it needs probabilities (sigmoid or softmax is missing)",
                why="the metric judges probabilities between 0 and 1; logits are clipped or rescaled",
                fix="Apply softmax (or sigmoid) to the model's output first",
                related=(q.place(raw),),
            )
    seen: set[int] = set()
    for name, val, _ in measures.named_values(p):
        if "brier" not in name.lower():
            continue
        one = f.core(val)
        if one.name != "mean" or not one.args or id(one.node) in seen:
            continue
        inner = f.core(one.args[0])
        diff = f.core(inner.args[0]) if inner.name in ("pow", "square") and inner.args else None
        raw = next(
            (v for a in diff.args for v in measures.elements(a) if v.name in training.LOGIT_OPS), None
        ) if diff is not None and diff.name == "sub" else None  # fmt: skip
        if raw is not None:
            seen.add(id(one.node))
            yield p.report(
                "SB345",
                one,
                "the Brier score is computed from raw logits: it needs probabilities (sigmoid is missing)",
                why="it is the squared distance between probability and outcome",
                fix="Apply sigmoid (or softmax) to the model's output first",
                related=(q.place(raw),),
            )
