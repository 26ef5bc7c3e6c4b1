"""A ranking metric gets the score of the wrong class.

## What it does

Finds `roc_auc_score` and its like with the probability of class 0 (`prob[:, 0]`) or with `1 - p`, for labels in which
1 is the positive class.

## Why is this bad

The ranking is upside down: the reported AUC is `1 - AUC`, and a good model looks worse than chance.

## Example

```python
from sklearn.metrics import roc_auc_score

model = nn.Linear(4, 2)
model.eval()
with torch.no_grad():
    prob = F.softmax(model(x_test), dim=1)
print(roc_auc_score(y_test, prob[:, 0]))
```

## Use instead

```python
from sklearn.metrics import roc_auc_score

model = nn.Linear(4, 2)
model.eval()
with torch.no_grad():
    prob = F.softmax(model(x_test), dim=1)
print(roc_auc_score(y_test, prob[:, 1]))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, truth, score in measures.metric_calls(p, measures.RANKING):
        if event.kwargs.get("pos_label") is not None or f.complement(truth) is not None or _turned(truth):
            continue
        wrong = next((v for v in measures.elements(score) if _column(v)), None)
        if wrong is not None:
            yield p.report(
                "SB334",
                event,
                "the ranking metric gets the scores of class 0, but 1 is the positive class",
                why="the ranking is upside down, so 1 - AUC is reported",
                fix="Pass the probability of the positive class: prob[:, 1]",
                related=(q.place(wrong),),
            )


def _turned(truth: Val) -> bool:
    return any(
        v.name in ("compare", "eq") and (v.name == "eq" or "Eq" in v.tags) and v.number(1) == 0
        for v in measures.elements(truth)
    )


def _column(val: Val) -> bool:
    if val.name == "getitem" and len(val.args) > 1 and f.from_model(val.args[0]):
        keys = val.args[1].items or []
        return len(keys) == 2 and keys[0].kind == "slice" and keys[1].const == 0 and _two(val.args[0])
    less = f.complement(val)
    return less is not None and f.made_by(less, "sigmoid") is not None


def _two(val: Val) -> bool:
    return val.shape is None or len(val.shape) != 2 or val.shape[1] in (None, 2)
