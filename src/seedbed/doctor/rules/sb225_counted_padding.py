"""Padding counts in the loss: ignore_index is missing.

## What it does

Finds sequence losses that count the padding.

## Why is this bad

The model is rewarded for predicting padding. Short sequences dominate the loss.

## Example

```python
emb = nn.Embedding(100, 32, padding_idx=0)
model = nn.Linear(32, 100)
loss_fn = nn.CrossEntropyLoss()
for ids in loader:
    x, y = ids[:, :-1], ids[:, 1:]
    optimizer.zero_grad()
    logits = model(emb(x))
    loss = loss_fn(logits.view(-1, 100), y.view(-1))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
emb = nn.Embedding(100, 32, padding_idx=0)
model = nn.Linear(32, 100)
loss_fn = nn.CrossEntropyLoss(ignore_index=0)
for ids in loader:
    x, y = ids[:, :-1], ids[:, 1:]
    optimizer.zero_grad()
    logits = model(emb(x))
    loss = loss_fn(logits.view(-1, 100), y.view(-1))
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import lineage, syntax, tokens
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or _ignores(event):
            continue
        scores, target = event.arg(0, "input"), event.arg(1, "target")
        reduction = event.kwargs.get("reduction")
        if scores is None or target is None or (reduction is not None and reduction.const == "none"):
            continue
        parts = list(ancestors(target, limit=300))
        if any(v.kind == "const" and v.const == -100 for v in parts) or any(_selects(v) for v in parts):
            continue
        if _marked(p, target):
            continue
        padded = [v for v in lineage.path(target) if v.name == "pad_sequence"]
        above = list(ancestors(scores, limit=3000))
        by_index = [v for v in above if _pads(v)]
        if padded:
            yield from _padded(p, event, padded, by_index)
        elif by_index and _per_position(scores, target) and not any("free" in v.tags for v in parts):
            if any(v.kind == "const" and v.const == -100 for v in above):
                continue  # the inputs are made from labels that have -100 where nothing counts
            source = tokens.token_source(target, through_batches=True)[0]
            same = source is not None and any(
                tokens.token_source(v.args[0], through_batches=True)[0] is source for v in by_index if v.args
            )
            if source is not None and "weight" not in event.kwargs and not same:
                inputs = [tokens.token_source(v.args[0], through_batches=True)[0] for v in by_index if v.args]
                same = _left_out(p, source) and any(s is not None and _filled(p, s) is not None for s in inputs)
            if "ignore_index" in event.kwargs and source is not None and _unpadded(p, source):
                continue  # what is left out is written down, and whoever pads marks the targets so
            yield _report(p, event, by_index[0], None if same else Severity.HINT)


def _unpadded(p: Program, source: Val) -> bool:
    """Whether tokens are drawn to try a model, or are those of one text: no row of them is filled up."""
    if any(
        e.recv is source or (e.recv is not None and e.recv.node is source.node) for e in p.all("setitem", "inplace")
    ):
        return False
    rows = source.args[0].items if source.name in ("tensor", "LongTensor") and source.args else None
    return source.name == "randint" or (rows is not None and len(rows) == 1)


def _filled(p: Program, source: Val) -> object:
    """The number with which a tensor is full, where each row is written as far as it goes: what fills it up."""
    fill = 0 if source.name == "zeros" else source.number(1, "fill_value") if source.name == "full" else None
    for event in p.all("setitem") if fill is not None else ():
        if event.recv is None or event.recv.node is not source.node or not event.args:
            continue
        last = (event.args[0].items or [event.args[0]])[-1]
        if last.kind == "slice" and len(last.args) > 1 and last.args[0].is_none and last.args[1].name == "len":
            return fill
    return None


def _left_out(p: Program, target: Val) -> bool:
    """Whether the program compares targets with the number that fills up their rows: it knows the padding."""
    fill = _filled(p, target)
    for event in p.all("compare") if fill is not None else ():
        if event.name in ("Eq", "NotEq") and len(event.args) > 1 and event.args[1].const == fill:
            read = tokens.token_source(event.args[0], through_batches=True)[0]
            if read is not None and read.node is target.node and event.args[1].kind == "const":
                return True
    return False


def _marked(p: Program, target: Val) -> bool:
    """Whether -100 is written into the targets in place, as in ``labels[mask] = -100``."""
    way = {id(v) for v in lineage.path(target)} | {id(v.node) for v in lineage.path(target)}
    return any(
        e.recv is not None and (id(e.recv) in way or id(e.recv.node) in way)
        for e in p.all("setitem", "inplace")
        if any(a.const == -100 for a in e.args)
    )


def _ignores(event: Event) -> bool:
    """Whether a class is left out; -100 is what is left out anyway."""
    given = event.kwargs.get("ignore_index")
    return given is not None and given.const != -100


def _selects(val: Val) -> bool:
    """Whether positions are picked by a mask."""
    return val.name == "getitem" and len(val.args) > 1 and (val.args[1].dtype == "bool" or "mask" in val.args[1].var)


def _pads(val: Val) -> bool:
    return val.name == "Embedding" and val.owner is not None and val.owner.kwargs.get("padding_idx") is not None


def _per_position(scores: Val, target: Val) -> bool:
    """Whether every position of a sequence has a target of its own."""
    if any(v.name in ("view", "reshape", "flatten", "transpose", "permute") for v in q.chain(target)):
        return True
    return any(v.name in ("transpose", "permute", "movedim", "mT") for v in q.chain(scores)[:4])


def _padded(p: Program, event: Event, padded: list[Val], by_index: list[Val]) -> Iterator[Finding]:
    """Targets that ``pad_sequence`` made."""
    fill = padded[0].arg(2, "padding_value")
    if fill is not None and (fill.const == -100 or (fill.kind != "const" and not by_index)):
        return
    if fill is None and by_index and len({id(v.node) for v in padded}) == 1 and (_compared(p) or _apart(padded, event)):
        yield p.report(
            "SB225",
            padded[0],
            "the targets are padded with 0, which is a real class, not with ignore_index (-100): padding counts",
            why="the loss takes padded positions for the class 0, though only -100 is left out",
            fix="Pass padding_value=-100 (the ignore_index of the loss) to pad_sequence for the targets",
            related=((str(event.src.path), event.line, "the loss"),),
        )
        return
    yield _report(p, event, padded[0], None)


def _apart(padded: list[Val], event: Event) -> bool:
    """Whether the targets are padded on their own, and not together with the inputs of the model."""
    inputs = [v for v in ancestors(event.args[0], limit=3000) if v.name == "pad_sequence"] if event.args else []
    return bool(inputs) and not any(v.node is padded[0].node for v in inputs)


def _report(p: Program, event: Event, place: Val, severity: Severity | None) -> Finding:
    return p.report(
        "SB225",
        event.recv if event.recv is not None and event.recv.line else event,
        "padding counts in the loss: ignore_index is missing",
        why="the targets of padded positions are learned like real ones, so the model learns to predict padding",
        fix="Pass ignore_index=<the padding id> to the loss",
        severity=severity,
        related=(q.place(place),),
    )


def _compared(p: Program) -> bool:
    """Whether targets are compared with ``ignore_index`` or -100 somewhere, so that this is the id of padding."""
    for node in q.nodes(p, ast.Compare):
        text = syntax.text(node)
        if "ignore_index" in text or "-100" in text:
            return True
    return False
