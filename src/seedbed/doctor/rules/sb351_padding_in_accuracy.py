"""Padding counts in a metric.

## What it does

Finds an accuracy over padded targets that is averaged over all positions, with no mask.

## Why is this bad

The share of correct positions depends on how long the padding is: padded positions count as wrong, or as right.

## Example

```python
loss_fn = nn.CrossEntropyLoss(ignore_index=-100)
with torch.no_grad():
    for x, y in loader:
        y = nn.utils.rnn.pad_sequence(y, batch_first=True, padding_value=-100)
        correct = model(x).argmax(-1) == y
        print(correct.float().mean())
```

## Use instead

```python
loss_fn = nn.CrossEntropyLoss(ignore_index=-100)
with torch.no_grad():
    for x, y in loader:
        y = nn.utils.rnn.pad_sequence(y, batch_first=True, padding_value=-100)
        correct = model(x).argmax(-1) == y
        print(correct[y != -100].float().mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import lineage, queries, unlabelled
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_SEES = (TRANSPARENT - {"cat", "stack", "getitem"}) | {"float_builtin", "int_builtin", "long", "int", "astype"}
_MASKS = frozenset(
    ["getitem", "masked_select", "and", "mul", "where", "masked_fill", "masked_fill_", "bitand", "logical_and", "index"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for at, number, hits in unlabelled.counted(p):
        yield p.report(
            "SB351",
            at,
            f"ignored positions (label {number}) count in the denominator of the accuracy: numel() takes all of them, "
            "while the hits leave them out",
            why="an ignored (unlabelled) position can never be right, so the accuracy is too low by their share",
            fix=f"Count the valid positions only: (target != {number}).sum()",
            related=(queries.place(hits),),
        )
    for event in p.once("compare"):
        made = event.result
        if made is None or len(event.args) != 2 or (event.grad and not p.all("backward")):
            continue
        guess, truth = event.args
        if not any(v.name in ("argmax", "max", "topk") for v in lineage.path(guess, 30)):
            guess, truth = truth, guess
        if not any(v.name in ("argmax", "max", "topk") for v in lineage.path(guess, 30)):
            continue
        if (left_out := _left_out(p, truth)) is not None:
            reduced = _reduced(p, made)
            if reduced is not None and not _compares_all(p, made) and not _own_class(left_out):
                yield p.report(
                    "SB351",
                    event,
                    "padding counts in the accuracy: the loss leaves out ignore_index, the comparison does not",
                    why="positions that the model is never trained on are counted as right or wrong answers",
                    fix="Mask them: correct[target != ignore_index].float().mean()",
                    related=((str(left_out.src.path), left_out.line, "the loss"),),
                )
            continue
        pad = _padded(truth)
        if pad is None or any(lineage.row_key(v) is not None for v in lineage.path(truth, 20) if v.seq > pad.seq):
            continue
        reduced = _reduced(p, made)
        if reduced is None or not _all_counted(p, reduced, truth):
            continue
        yield p.report(
            "SB351",
            event,
            "padding counts in the accuracy: padded positions are compared and counted like real ones",
            why="the targets are padded (pad_sequence), so the value depends on the lengths in a batch",
            fix="Mask the padding: correct[mask].sum() / mask.sum() with mask = targets != pad",
            related=((str(pad.src.path) if pad.src else "", pad.line, "padded here"),),
        )


def _left_out(p: Program, truth: Val) -> Event | None:
    """A loss on the very same targets that leaves one id out."""
    goal = f.core(truth)
    for event in p.all("loss"):
        given = event.kwargs.get("ignore_index")
        if given is None or given.is_none or len(event.args) < 2 or given.const in (-1, 255, -100):
            continue
        if f.core(event.args[1]) is goal and event.name in ("CrossEntropyLoss", "NLLLoss"):
            return event
    return None


def _own_class(event: Event) -> bool:
    """Whether what is left out is a class of its own (a background) and no padding of sequences."""
    return not any(v.name == "Embedding" for v in ancestors(event.args[0], limit=2000))


def _compares_all(p: Program, made: Val) -> bool:
    """Whether the comparison is joined with a mask anywhere."""
    return any(u.name in _MASKS for u in queries.users(p, made))


def _padded(truth: Val) -> Val | None:
    for one in ancestors(truth, limit=120):
        if one.name == "pad_sequence":
            value = one.kwargs.get("padding_value", one.args[2] if len(one.args) > 2 else None)
            if value is not None and isinstance(value.const, (int, float)) and value.const < 0:
                return one
    return None


def _reduced(p: Program, made: Val) -> Val | None:
    """The mean or sum of a comparison, when nothing masks it on the way."""
    stack, seen = [made], 0
    found: Val | None = None
    while stack and seen < 30:
        one = stack.pop()
        seen += 1
        for user in queries.users(p, one):
            if user.name in _MASKS or user.name in ("pow", "all", "prod"):
                return None
            if user.name in ("mean", "sum"):
                found = user
            elif user.name in _SEES:
                stack.append(user)
    return found


def _all_counted(p: Program, reduced: Val, truth: Val) -> bool:
    """Whether right positions are divided by the number of all positions."""
    if reduced.name == "mean":
        return True
    return any(
        v.name in ("numel", "size", "shape", "len") and v.args and v.args[0] is truth
        for event in p.all("augment", "assign", "call")
        for a in (*event.args, event.result)
        if a is not None
        for v in ancestors(a, limit=12)
    )
