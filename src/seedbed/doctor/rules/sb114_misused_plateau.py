"""ReduceLROnPlateau gets no metric, or one that goes the other way.

## What it does

Finds `ReduceLROnPlateau` that gets no validation metric, the epoch number, or a metric whose direction does
not fit `mode`.

## Why is this bad

The schedule then lowers the learning rate at the wrong time or never.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min")
for epoch in range(30):
    accuracy = train_and_validate(model)
    scheduler.step(accuracy)
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max")
for epoch in range(30):
    accuracy = train_and_validate(model)
    scheduler.step(accuracy)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax, training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    up = {"acc", "accuracy", "f1", "auc", "score", "iou", "dice", "r2", "map", "precision", "recall", "accs"}
    down = {"loss", "error", "err", "mse", "mae", "rmse", "ppl", "perplexity", "losses"}
    for event in p.once("schedule"):
        if event.recv is None or event.name != "ReduceLROnPlateau":
            if event.recv is None or _asked_first(event):
                continue
            if event.recv.kind == "scheduler" and _is_score(event.arg(0, "epoch")):
                yield p.report(
                    "SB114",
                    event,
                    f"{event.recv.name}.step() gets a metric, which it reads as the number of the epoch",
                    why="only ReduceLROnPlateau looks at a metric (loss); here a loss of 0.7 means epoch 0.7, so the "
                    "schedule never gets beyond its start",
                    fix="Call scheduler.step() without an argument, or use ReduceLROnPlateau",
                )
            continue
        metric = event.arg(0, "metrics")
        mode = event.recv.number(1, "mode") or "min"
        node = event.node
        text = syntax.text(node.args[0]) if isinstance(node, ast.Call) and node.args else ""
        found = set(words(text.replace(".", "_").replace("[", "_").replace("'", "_"))) | set(
            words(metric.var if metric is not None else "")
        )
        if text.lstrip().startswith("-") or "1 -" in text:
            continue
        if metric is not None and not found & (up | down):
            found |= {training.meaning(metric)}
        wrong = ""
        if metric is not None and (q.is_counter(metric) or found & {"epoch"}):
            wrong = "it gets the epoch number instead of a metric, which always grows"
        elif mode == "min" and found & up and not found & down:
            wrong = f"mode='min' waits for {text} to fall, but better means higher"
        elif mode == "max" and found & down and not found & up:
            wrong = f"mode='max' waits for {text} to rise, but better means lower"
        if not wrong and metric is not None and _last_batch(p, event, metric):
            yield p.report(
                "SB114",
                event,
                "ReduceLROnPlateau gets the training loss of the last batch only",
                why="one batch is noisy, so the plateau is found by chance, and the validation loss is not looked at",
                fix="Pass the mean validation loss of the epoch: scheduler.step(val_loss)",
            )
        if wrong:
            yield p.report(
                "SB114",
                _spot(event, event.recv) if "mode" in wrong else event,
                "ReduceLROnPlateau watches its metric in the wrong direction"
                if "mode" in wrong
                else "ReduceLROnPlateau gets the epoch as its metric",
                why=f"{wrong}, so the learning rate is reduced at the wrong time",
                fix="Set mode='max' for scores and mode='min' for losses, and pass the validation metric",
                related=((str(event.src.path), event.line, "the step"),),
            )


def _asked_first(event: Event) -> bool:
    """Whether the call stands in a branch for ``ReduceLROnPlateau``, which other schedules never reach."""
    tests = [syntax.text(c[0].test) for c in event.conds if isinstance(c[0], ast.If) and c[1] == 0]
    return any("Plateau" in t or "plateau" in t for t in tests)


def _is_score(val: Val | None) -> bool:
    """Whether a value is a loss or a count of hits."""
    if val is None or val.kind not in ("tensor", "number", "unknown"):
        return False
    return any(
        (v.kind == "tensor" and v.name in ("loss", "eq")) or (v.name == "compare" and "Eq" in v.tags)
        for v in ancestors(val, limit=60)
    )


def _picked(node: ast.AST) -> bool:
    """Whether the metric is one of several results: another one may have been meant."""
    return isinstance(node, ast.Call) and bool(node.args) and isinstance(node.args[0], ast.Subscript)


def _last_batch(p: Program, event: Event, metric: Val) -> bool:
    """Whether the metric is the loss that went backward in the batch loop before, and the step stands outside it."""
    if not event.loops:
        return False
    base = metric.args[0] if metric.name in ("item", "detach", "float_builtin", "float") and metric.args else metric
    for back in p.all("backward"):
        if back.recv is base and base.grad and len(back.loops) > len(event.loops) and back.inside(event.loops[-1]):
            return rounds.is_loader_loop(back.loops[-1])
    return False


def _spot(event: Event, scheduler: Val) -> Event | Val:
    """Where the direction was decided: where the mode is written, if that is a setting, or the call that lacks it."""
    mode, call = scheduler.arg(1, "mode"), scheduler.node
    if mode is not None and isinstance(mode.node, ast.Constant) and call is not None:
        last = getattr(call, "end_lineno", 0) or scheduler.line
        if mode.src is not scheduler.src or not scheduler.line <= mode.line <= last:
            return mode
    return event if _picked(event.node) else _options(scheduler)


def _options(scheduler: Val) -> Val:
    """Where the options are written: beside the call, or in the dict that it is given with ``**``."""
    node = scheduler.node
    if isinstance(node, ast.Call) and any(k.arg is None for k in node.keywords):
        given = [v for v in scheduler.kwargs.values() if v.line and v.src is scheduler.src]
        return min(given, key=lambda v: v.line, default=scheduler)
    return scheduler
