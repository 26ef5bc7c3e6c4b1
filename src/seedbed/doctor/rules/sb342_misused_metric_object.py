"""A torchmetrics object gets its arguments in the wrong order, hard labels, is averaged, or never reset.

## What it does

Finds metric objects of torchmetrics that get `(target, prediction)`, ranking metrics (AUROC, average precision) that
get hard labels, batch values of F1, AUROC and their like that are added up, and metrics updated in every epoch without
`reset()`.

## Why is this bad

The order is `(preds, target)`. The value that a call returns is that of one batch, and its mean over batches is another
number. Without `reset()` the metric of an epoch contains all earlier ones.

## Example

```python
import torchmetrics

f1 = torchmetrics.F1Score(task="binary")
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    for x, y in loader:
        f1.update(y, torch.sigmoid(model(x)).squeeze(1))
```

## Use instead

```python
import torchmetrics

f1 = torchmetrics.F1Score(task="binary")
model = nn.Linear(4, 1)
model.eval()
with torch.no_grad():
    for x, y in loader:
        f1.update(torch.sigmoid(model(x)).squeeze(1), y)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures, meters, rounds
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_RANKING = ("AUROC", "AveragePrecision", "ROC", "PrecisionRecallCurve")
_CURVED = ("F1Score", "FBetaScore", "Precision", "Recall", "R2Score", "PearsonCorrCoef", "MatthewsCorrCoef", *_RANKING)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    metrics = {id(e.result): e for e in p.all("call") if e.result is not None and _is_metric(e)}
    if not metrics:
        return
    seen: set[int] = set()
    for event in p.all("call"):
        owner = event.recv
        if owner is None or id(owner) not in metrics or id(event.node) in seen:
            continue
        if event.name not in (".update", "", owner.var, owner.name, ".forward", ".__call__") or len(event.args) < 2:
            continue
        seen.add(id(event.node))
        kind = _kind(owner)
        first, second = event.args[:2]
        if f.from_model(second) and measures.is_label(first) and first.kind != "phi":
            yield p.report(
                "SB342",
                event,
                f"{owner.name} gets the target before the prediction: torchmetrics takes (preds, target)",
                why="predictions are read as labels, so precision and recall change places (or more)",
                fix="Call metric.update(preds, target): the arguments are swapped",
            )
        hard = [v for v in measures.elements(first) if v.name in ("compare", "argmax", "round", "gt", "ge")]
        if kind.endswith(_RANKING) and hard:
            yield p.report(
                "SB342",
                event,
                f"{owner.name} gets hard labels instead of scores",
                why="it ranks the samples by their scores; from thresholded 0/1 predictions one point is left",
                fix="Pass the probabilities (or logits)",
                related=(q.place(hard[0]),),
            )
    yield from _summed(p, metrics)
    yield from _unreset(p, metrics)
    yield from _carried(p, metrics)


def _is_metric(event: Event) -> bool:
    return (
        event.name.startswith(("torchmetrics.", "torcheval.metrics.")) and event.name.rsplit(".", 1)[-1][:1].isupper()
    )


def _kind(val: Val) -> str:
    return val.name


def _summed(p: Program, metrics: dict[int, Event]) -> Iterator[Finding]:
    seen: set[int] = set()
    for event in p.all("augment", "keep"):
        one = f.core(event.args[0]) if event.args else None
        if one is None or not event.loops or not rounds.is_loader_loop(event.loops[-1]):
            continue
        owner = next((a for a in (one.owner, *one.args) if isinstance(a, Val) and id(a) in metrics), None)
        if owner is None or id(event.node) in seen or not owner.name.endswith(_CURVED):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB342",
            event,
            f"the batch values of {owner.name} are added up: it is no mean over batches",
            why="the mean of batch values depends on the batch size; it is not the metric of the data set",
            fix="Call metric.update(preds, target) in every batch and metric.compute() once after the loop",
        )


def _carried(p: Program, metrics: dict[int, Event]) -> Iterator[Finding]:
    """A metric that serves training and evaluation in turn, and is reset for one of them only."""
    steps: dict[int, list[tuple[str, Event]]] = {}
    for event in p.calls("update", "compute", "reset"):
        if event.recv is not None and id(event.recv) in metrics and event.name.startswith("."):
            steps.setdefault(id(event.recv), []).append((event.name[1:], event))
    for key, found in steps.items():
        again = meters.mixed(found)
        if again is not None and metrics[key].result is not None:
            yield p.report(
                "SB342",
                (again.loops[-1].node, again.src),
                f"{again.name[1:]}() goes on where another phase has stopped: the metric is not reset before this loop",
                why="compute() then covers the samples of both phases (the training samples are carried over)",
                fix="Call metric.reset() before every loop that feeds it, or use one metric for each phase",
                related=((str(again.src.path), again.line, "the update"),),
            )


def _unreset(p: Program, metrics: dict[int, Event]) -> Iterator[Finding]:
    used = {id(e.recv) for e in p.calls("reset", "clone") if e.recv is not None and e.name in (".reset", ".clone")}
    seen: set[int] = set()
    for event in p.calls("update"):
        owner = event.recv
        if owner is None or id(owner) not in metrics or id(owner) in used or id(owner) in seen:
            continue
        if event.name != ".update" or len(event.loops) < 2 or metrics[id(owner)].loops:
            continue
        outer = event.loops[-2]
        read = any(e.recv is owner and e.name == ".compute" and e.inside(outer) for e in p.calls("compute"))
        if not read or not rounds.repeats(outer):
            continue
        seen.add(id(owner))
        yield p.report(
            "SB342",
            event,
            f"{owner.name} is updated in every epoch and never reset: it accumulates over all epochs",
            why="from the second epoch on compute() covers all earlier epochs too",
            fix="Call metric.reset() after compute() in every epoch",
        )
