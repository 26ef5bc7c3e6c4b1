"""Sequences are padded with another id than the embedding takes for padding.

## What it does

Finds sequences that are filled up (`pad_sequence`, `F.pad`, rows written into `zeros` or `full`) with another number
than the `padding_idx` of the embedding, the padding mask or the `ignore_index` of the loss behind them takes for
padding.

## Why is this bad

The padding looks like a real word: it gets a trained vector, and masks on the padding index do not remove it.

## Example

```python
ids = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
embedding = nn.Embedding(1000, 16, padding_idx=1)
x = embedding(ids)
```

## Use instead

```python
ids = nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=1)
embedding = nn.Embedding(1000, 16, padding_idx=1)
x = embedding(ids)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_FRESH = ("zeros", "full", "new_zeros", "new_full", "zeros_like", "full_like")
_CHANGES = frozenset(["where", "masked_fill", "masked_fill_", "add", "sub", "mul", "clamp", "cat", "stack"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for ids, index, said, place in _readers(p):
        padded = _filled(p, ids)
        value = _value(padded) if padded is not None else None
        if padded is None or value is None or value == index or id(padded.node) in told:
            continue
        told.add(id(padded.node))
        yield p.report(
            "SB720",
            padded,
            f"sequences are padded with {value}, but {said}={index} (mismatch)",
            why="the padding is taken for a real token, and masks of the padding index leave it in",
            fix=f"Pad with {index}: pad_sequence(..., padding_value={index})",
            related=((str(place.src.path) if place.src else "", place.line, "read here"),),
        )


def _readers(p: Program) -> Iterator[tuple[Val, int, str, Val]]:
    """Numbers that are taken for padding: what is read, the number, who says so and where."""
    for event in p.all("forward"):
        layer = event.recv
        if layer is None or layer.name != "Embedding" or not event.args:
            continue
        index = layer.arg(2, "padding_idx")
        if index is not None and type(index.const) is int and index.const >= 0:
            yield event.args[0], index.const, "the embedding has padding_idx", layer
    for val in p.made("compare", "eq", "ne"):
        if len(val.args) != 2 or not (val.name != "compare" or val.tags & {"Eq", "NotEq"}):
            continue
        ids, index = val.args if val.args[1].kind == "const" else val.args[::-1]
        named = isinstance(val.node, ast.AST) and "pad" in syntax.text(val.node).lower()
        if type(index.const) is int and named:
            yield ids, index.const, "the padding mask looks for the padding index", val
    for event in p.once("loss"):
        ignored, target = event.kwargs.get("ignore_index"), event.arg(1, "target")
        if ignored is not None and type(ignored.const) is int and ignored.const != -100 and target is not None:
            yield target, ignored.const, "the loss has ignore_index", event.recv or target


def _filled(p: Program, ids: Val) -> Val | None:
    """Where sequences are brought to one length, when nothing changes their numbers afterwards."""
    steps = lineage.certain(ids)
    for at, one in enumerate(steps):
        if one.name in _CHANGES:
            return None
        if one.name in ("pad_sequence", "pad") or (one.name in _FRESH and _rows(p, one)):
            way = {id(v) for v in steps[: at + 1]} - ({id(one)} if one.name in _FRESH else set())
            changed = any(e.recv is not None and id(e.recv) in way for e in p.all("setitem", "inplace"))
            return None if changed else one
    return None


def _rows(p: Program, made: Val) -> bool:
    """Whether rows of unlike length are written into a fresh tensor: ``batch[i, :len(s)] = s``, and nothing else."""
    writes = [e for e in p.all("setitem") if e.recv is made]
    keys = [k for e in writes for k in (e.args[0].items or [e.args[0]])[-1:]]
    return bool(keys) and all(k.kind == "slice" and len(k.args) > 1 and _open(k) for k in keys)


def _open(key: Val) -> bool:
    """Whether a slice has one end that is worked out: ``:len(s)``, ``-n:``."""
    ends = [a for a in key.args[:2] if not a.is_none]
    return len(ends) == 1 and ends[0].kind != "const"


def _value(padded: Val) -> int | None:
    """The number that sequences are filled up with, ``None`` where it is not known."""
    if padded.name in ("zeros", "new_zeros", "zeros_like"):
        return 0
    name, at = ("padding_value", 2) if padded.name == "pad_sequence" else ("value", 3)
    if padded.name in _FRESH:
        name, at = "fill_value", 1
    given = padded.kwargs.get(name, padded.args[at] if len(padded.args) > at else None)
    if padded.name == "pad" and padded.arg(2, "mode") is not None and padded.number(2, "mode") != "constant":
        return None
    if given is None:
        return None if padded.name in _FRESH else 0
    return int(given.const) if isinstance(given.const, (int, float)) and not isinstance(given.const, bool) else None
