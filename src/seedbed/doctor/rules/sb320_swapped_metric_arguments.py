"""The metric gets predictions and targets in the wrong order.

## What it does

Finds metrics that get the predictions first and the targets second.

## Why is this bad

Precision and recall change places, R² becomes something else.

## Example

```python
from sklearn.metrics import recall_score
pred = model(torch.randn(8, 4)).argmax(dim=1)
recall = recall_score(pred, torch.ones(8))
```

## Use instead

```python
from sklearn.metrics import recall_score
pred = model(torch.randn(8, 4)).argmax(dim=1)
recall = recall_score(torch.ones(8), pred)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    names = (
        "precision_score",
        "recall_score",
        "f1_score",
        "classification_report",
        "confusion_matrix",
        "roc_auc_score",
        "r2_score",
        "precision_recall_fscore_support",
        "average_precision_score",
        "mean_absolute_percentage_error",
        "log_loss",
        "brier_score_loss",
        "explained_variance_score",
        "balanced_accuracy_score",
        "fbeta_score",
        "roc_curve",
        "precision_recall_curve",
    )
    for event in p.first_calls(*names):
        if not event.name.startswith("sklearn") or event.name.rsplit(".", 1)[-1] not in names:
            continue
        first = event.arg(0, "y_true")
        second = event.arg(1, "y_pred") or event.kwargs.get("y_score") or event.kwargs.get("y_prob")
        if first is None or second is None:
            continue
        if _predicted(first) and not _predicted(second):
            yield p.report(
                "SB320",
                event,
                f"{event.name.rsplit('.', 1)[-1]} gets predictions first and targets second: the arguments are swapped",
                why="scikit-learn's metrics take (y_true, y_pred); swapped, precision and recall change places",
                fix="Pass the targets first",
            )


def _predicted(val: Val) -> bool:
    made = ancestors(val, limit=200)
    if any(
        v.name in ("forward", "predict") or (v.owner is not None and v.kind not in ("dataset", "loader")) for v in made
    ):
        return True
    return bool(set(words(val.var)) & {"pred", "preds", "predictions", "predicted", "outputs"}) and val.kind in (
        "list",
        "unknown",
    )
