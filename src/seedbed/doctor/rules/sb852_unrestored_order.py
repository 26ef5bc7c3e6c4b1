"""Sequences are sorted by length and never put back into their order.

## What it does

Finds forward passes that sort a batch for packing and return the outputs in the sorted order.

## Why is this bad

The outputs no longer belong to the labels of the batch.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x, lengths):
        lengths, order = lengths.sort(descending=True)
        packed = nn.utils.rnn.pack_padded_sequence(x[order], lengths, batch_first=True)
        _, h = self.rnn(packed)
        return self.fc(h[-1])
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x, lengths):
        lengths, order = lengths.sort(descending=True)
        packed = nn.utils.rnn.pack_padded_sequence(x[order], lengths, batch_first=True)
        _, h = self.rnn(packed)
        return self.fc(h[-1])[order.argsort()]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.scopes import Func
from seedbed.doctor.static.values import Val, ancestors

_ORDERS = frozenset(["argsort", "sort_indices"])
_BACK = frozenset(["scatter", "scatter_", "index_select", "gather", "index_copy", "index_copy_", "argsort"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("pack_padded_sequence"):
        made = event.result
        if (
            made is None
            or made.name != "pack_padded_sequence"
            or not made.args
            or id(event.node) in seen
            or not event.funcs
        ):
            continue
        order = _order(made.args[0])
        if order is None:
            continue
        given = (_given(p, func) for func in reversed(event.funcs))
        outs = next((vals for vals in given if any(v.name != made.name for v in vals)), [])
        sorted_ = [o for o in outs if any(v is made for v in ancestors(o, limit=400))]
        before = {id(v) for v in ancestors(made, limit=400)}
        if not sorted_ or any(_restored(o, order, before) for o in outs) or any(_gives(o, order) for o in outs):
            continue
        if any(_restored(a, order, before) or _sorted_alike(a, order) for e in p.all("loss") for a in e.args[-1:]):
            continue  # the labels are sorted in the same way
        seen.add(id(event.node))
        yield p.report(
            "SB852",
            order if order.line else event,
            "the batch is sorted by length, but the outputs are never put back into the original order",
            why="outputs and labels belong to different samples",
            fix="Use enforce_sorted=False, or undo it: output[order.argsort()]",
            related=(q.place(made),),
        )


def _given(p: Program, func: Func) -> list[Val]:
    """What a function returns, part by part; one that only packs hands that to the function that calls it."""
    outs = [e.result for e in p.all("return") if e.funcs and e.funcs[-1] is func and e.result is not None]
    return [part for o in outs for part in (o.items or [o])]


def _order(val: Val) -> Val | None:
    """The permutation by which a value was sorted."""
    for one in ancestors(val, limit=40):
        if one.name in ("getitem", "index_select") and len(one.args) > 1:
            for v in ancestors(one.args[-1], limit=6):
                if v.name in _ORDERS or (v.name in ("part", "getitem") and v.args and v.args[0].name == "sort"):
                    return v
    return None


def _restored(val: Val, order: Val, before: set[int]) -> bool:
    """Whether the order is used again on the way to a value, after (or beside) what was packed."""
    for one in ancestors(val, limit=300):
        if id(one) in before:
            continue
        if one.name in ("getitem", *_BACK) and len(one.args) > 1:
            keys = [a for a in one.args[1:] if any(v is order for v in ancestors(a, limit=12))]
            if keys and (one.name in _BACK or any(v.name in _BACK for k in keys for v in ancestors(k, limit=8))):
                return True
        if one.name in ("zeros_like", "empty_like", "zeros") and one.grad is False and one.var in ("out", "restored"):
            return True
    return False


def _sorted_alike(val: Val, order: Val) -> bool:
    """Whether a value was put into the same order, in this call or in another of the same lines."""
    return any(
        v.node is order.node
        for one in ancestors(val, limit=120)
        if one.name in ("getitem", "index_select") and len(one.args) > 1
        for v in ancestors(one.args[-1], limit=12)
    )


def _gives(val: Val, order: Val) -> bool:
    """Whether the order itself is returned, so that the caller can undo it."""
    return val is order or any(v is order for v in q.chain(val))
