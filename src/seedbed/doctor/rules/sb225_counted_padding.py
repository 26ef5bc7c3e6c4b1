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
for x, y in loader:
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
for x, y in loader:
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

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or len(event.args) < 2 or "ignore_index" in event.kwargs:
            continue
        reduction = event.kwargs.get("reduction")
        if reduction is not None and reduction.const == "none":
            continue
        target = event.args[1]
        parts = list(ancestors(target, limit=300))
        padded = [v for v in parts if v.name == "pad_sequence"]
        fill = padded[0].kwargs.get("padding_value") if padded else None
        flat = any(v.name in ("view", "reshape", "flatten", "transpose", "permute") for v in q.chain(target))
        by_index = [
            v
            for v in ancestors(event.args[0], limit=3000)
            if v.name == "Embedding" and v.owner is not None and v.owner.kwargs.get("padding_idx") is not None
        ]
        flat = flat or any(v.name in ("transpose", "permute", "movedim", "mT") for v in q.chain(event.args[0])[:4])
        if not (padded and (fill is None or fill.const != -100)) and not (by_index and flat):
            continue
        if any(v.kind == "const" and v.const == -100 for v in parts):
            continue
        if any(
            v.name == "getitem" and len(v.args) > 1 and (v.args[1].dtype == "bool" or "mask" in v.args[1].var)
            for v in parts
        ):
            continue
        if fill is None and padded and by_index and len({id(v.node) for v in padded}) == 1 and _compared(p):
            yield p.report(
                "SB225",
                padded[0],
                "the targets are padded with 0, which is a real class, not with ignore_index (-100): padding counts",
                why="the loss and the score take padded positions for the class 0, though only -100 is left out",
                fix="Pass padding_value=-100 (the ignore_index of the loss) to pad_sequence for the targets",
                related=((str(event.src.path), event.line, "the loss"),),
            )
            continue
        yield p.report(
            "SB225",
            event.recv if event.recv is not None and event.recv.line else event,
            "padding counts in the loss: ignore_index is missing",
            why="the targets of padded positions are learned like real ones, so the model learns to predict padding",
            fix="Pass ignore_index=<the padding id> to the loss",
            related=(q.place(padded[0] if padded else by_index[0]),),
        )


def _compared(p: Program) -> bool:
    """Whether targets are compared with ``ignore_index`` or -100 somewhere, so that this is the id of padding."""
    for node in q.nodes(p, ast.Compare):
        text = syntax.text(node)
        if "ignore_index" in text or "-100" in text:
            return True
    return False
