"""Drop_last=True on evaluation data: samples are skipped.

## What it does

Finds `drop_last=True` on a loader that is used for evaluation.

## Why is this bad

The last incomplete batch is never evaluated: the metric ignores these samples.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
val_loader = DataLoader(TensorDataset(torch.randn(100, 4)), batch_size=64, drop_last=True)
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
val_loader = DataLoader(TensorDataset(torch.randn(100, 4)), batch_size=64)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import lineage, metering, rounds, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    trained = {id(loader) for loader, _ in d.training_loaders(p)}
    measured = _measured(p)
    for event in p.first_makers("loader"):
        made = event.result
        if made is None or made.kind != "loader" or id(made) in trained:
            continue
        flag = made.kwargs.get("drop_last")
        if flag is None or flag.const is not True:
            continue
        if rounds.split_of_val(made) in ("val", "test") or (p.trains and id(made) in measured):
            rest = metering.dataset_size(made.args[0]) if made.args else None
            size = made.number(1, "batch_size")
            lost = rest % size if isinstance(rest, int) and isinstance(size, int) and size else None
            if lost == 0:
                continue
            yield p.report(
                "SB403",
                made,
                "drop_last=True on the evaluation loader: the samples of the last batch are never evaluated (dropped)",
                why="the metric silently skips samples" + (f": {lost} of {rest} here" if lost else ""),
                fix="Remove drop_last=True",
                lost=lost,
                severity=Severity.HINT if (isinstance(size, int) and _fixed_size(p, size)) or _shown(p, made) else None,
            )
    yield from _by_hand(p)


def _measured(p: Program) -> set[int]:
    """Ids of the loaders whose batches a model gets outside of the training, and never in it."""
    steps = [b.loop for b in p.all("backward") if b.loop is not None]
    apart = [e for e in training.evaluations(p) if e.args and not any(e.inside(loop) for loop in steps)]
    learned = [e for e in training.forwards(p) if e.args and training.trained_output(p, e.result)] if apart else []
    given, taken = (
        {id(v) for e in events for v in ancestors(e.args[0], limit=200) if v.kind == "loader"}
        for events in (apart, learned)
    )
    return given - taken


_OPENS = frozenset(["tqdm", "trange", "enumerate", "len", "iter", "zip", "print", "next"])


def _shown(p: Program, loader: Val) -> bool:
    """Whether each loop over a loader stops after its first batch, which is looked at, and nobody else gets it."""
    own = {id(e.loop.node): e.loop for e in p.all("forward", "call", "break") if e.loop is not None}
    own = {k: run for k, run in own.items() if rounds.base_of_loop(run) is loader}
    ends = {id(e.loop.node) for e in p.all("break") if e.loop is not None and not e.conds_in(e.loop)}
    given = [
        e
        for e in p.all("call", "invoke", "forward", "make")
        if any(v is loader for v in (*e.args, *e.kwargs.values())) and e.name.rsplit(".", 1)[-1] not in _OPENS
    ]
    return bool(own) and set(own) <= ends and not given


def _fixed_size(p: Program, size: int) -> bool:
    """Whether a model or loss of the program is built for batches of just this size: it could not take the last."""
    made = (v.attrs.get("batch_size") for v in p.of_kind("module") if v.owner is not None)
    return any(stored is not None and stored.const == size for stored in made)


def _by_hand(p: Program) -> Iterator[Finding]:
    """``range(len(x) // size)`` batches that are cut by hand out of the data that is measured."""
    seen: set[int] = set()
    for feed in lineage.feeds(p)[1]:
        for step in lineage.path(feed.x, 20):
            key = lineage.row_key(step)
            if key is None or step.name != "getitem":
                continue
            for run in (v for v in ancestors(key, limit=60) if v.name == "range" and v.kind == "iter"):
                count = run.args[-1] if 1 <= len(run.args) <= 2 else None
                size = count.args[1].const if count is not None and count.name == "floor_divide" else None
                if count is None or not isinstance(size, int) or size < 2 or id(count.node) in seen:
                    continue
                rows = _rows(count.args[0], step)
                if rows is None or rows % size == 0 or not any(a.const == size for a in _sizes(key)):
                    continue
                seen.add(id(count.node))
                yield p.report(
                    "SB403",
                    count,
                    f"the evaluation counts len // {size} batches: the last {rows % size} of {rows} samples are never "
                    "evaluated (dropped)",
                    why="an integer division drops the rest, so the metric silently skips samples",
                    fix="Let the loop count rows: for i in range(0, len(x), size)",
                    lost=rows % size,
                )


def _rows(count: Val, step: Val) -> int | None:
    """How many rows the table has that a length was taken of, when it is the one that is cut."""
    table = count.args[0] if count.name in ("len", "size", "shape", "getitem") and count.args else None
    while table is not None and table.name in ("shape", "size") and table.args:
        table = table.args[0]
    if count.kind == "const" and isinstance(count.const, int):
        return count.const if step.args[0].shape and step.args[0].shape[0] == count.const else None
    if table is None or not table.shape or not isinstance(table.shape[0], int):
        return None
    return table.shape[0] if any(v is table for v in lineage.path(step, 12)) else None


def _sizes(key: Val) -> Iterator[Val]:
    return (a for v in ancestors(key, limit=40) if v.name in ("mul", "add") for a in v.args)
