"""A ranking metric gets hard labels instead of scores.

## What it does

Finds ranking metrics (ROC AUC, average precision) that get hard labels.

## Why is this bad

They need scores to rank by. From labels only one threshold remains and the value is wrong.

## Example

```python
from sklearn.metrics import roc_auc_score
pred = model(torch.randn(8, 4)).argmax(dim=1)
auc = roc_auc_score(torch.ones(8), pred)
```

## Use instead

```python
from sklearn.metrics import roc_auc_score
score = model(torch.randn(8, 4)).softmax(dim=1)[:, 1]
auc = roc_auc_score(torch.ones(8), score)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import measures
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("roc_auc_score", "average_precision_score", "roc_curve", "precision_recall_curve"):
        if event.name.rsplit(".", 1)[-1] not in (
            "roc_auc_score",
            "average_precision_score",
            "roc_curve",
            "precision_recall_curve",
        ):
            continue
        scores = event.arg(1, "y_score")
        found = measures.elements(scores) if scores is not None else []
        names = ("argmax", "round", "compare", "np_round", "predict", "gt", "ge", "argmax_builtin", "heaviside")
        hard = [v for one in found for v in (one, *q.chain(one)) if v.name in names]
        if hard:
            yield p.report(
                "SB319",
                event,
                "a ranking metric gets hard labels instead of scores",
                why="ROC AUC and average precision rank the samples; from labels only one threshold is left",
                fix="Pass the probability (or logit) of the positive class",
                related=(q.place(hard[0]),),
            )
