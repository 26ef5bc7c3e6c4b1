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
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val


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
        hard = _hard(scores) if scores is not None else []
        if hard:
            yield _finding(p, event, hard[0], "a ranking metric gets hard labels instead of scores")
    seen: set[int] = set()
    for scores, event in _ranked(p):
        hard = _hard(scores)
        place = event.sites[-1] if event.sites and not _within(event, hard) else event
        node = place[0] if isinstance(place, tuple) else place.node
        if hard and id(node) not in seen:
            seen.add(id(node))
            yield _finding(p, place, hard[0], "the ROC AUC by hand ranks hard 0/1 predictions instead of scores")


def _hard(scores: Val) -> list[Val]:
    """The thresholds, roundings and choices of a class that scores went through."""
    found = measures.elements(scores)
    names = ("argmax", "round", "compare", "np_round", "predict", "gt", "ge", "argmax_builtin", "heaviside")
    return [v for one in found for v in (one, *q.chain(one)) if v.name in names]


def _finding(p: Program, at: Event | Place, hard: Val, said: str) -> Finding:
    return p.report(
        "SB319",
        at,
        said,
        why="ROC AUC and average precision rank the samples; from labels only one threshold is left",
        fix="Pass the probability (or logit) of the positive class",
        related=(q.place(hard),),
    )


def _within(event: Event, hard: list[Val]) -> bool:
    """Whether the scores are cut in the very function that ranks them."""
    body = event.funcs[-1].node if event.funcs else None
    first, last = getattr(body, "lineno", 0), getattr(body, "end_lineno", None) or 0
    return any(v.src is event.src and first <= v.line <= last for v in hard)


def _ranked(p: Program) -> Iterator[tuple[Val, Event]]:
    """Scores whose positives are compared with their negatives, pair by pair, and where that is done."""
    for event in p.all("compare"):
        if event.name not in ("Gt", "Lt", "GtE", "LtE") or len(event.args) != 2:
            continue
        diff = f.core(event.args[0])
        pair = diff.args if diff.name == "sub" and event.args[1].const == 0 else event.args
        if len(pair) != 2:
            continue
        one, other = _picked(pair[0]), _picked(pair[1])
        if one is None or other is None or one[0] is not other[0]:
            continue
        if one[1].name == other[1].name == "compare" and _opposed(one[1], other[1]) and f.from_model(one[0]):
            yield one[0], event


def _picked(side: Val) -> tuple[Val, Val] | None:
    """``(scores, mark)`` of ``scores[mark]``, however its axes are spread."""
    current = f.core(side)
    for _ in range(4):
        if current.name != "getitem" or len(current.args) < 2:
            return None
        if f.core(current.args[1]).name in ("compare", "invert", "logical_not"):
            return current.args[0], f.core(current.args[1])
        current = f.core(current.args[0])
    return None


def _opposed(one: Val, other: Val) -> bool:
    """``labels == 1`` and ``labels == 0``: two classes of the same labels, which no model made."""
    if len(one.args) != 2 or len(other.args) != 2 or not f.same(one.args[0], other.args[0]):
        return False
    apart = one.args[1].const != other.args[1].const or bool(one.tags ^ other.tags)
    return apart and not f.from_model(one.args[0])
