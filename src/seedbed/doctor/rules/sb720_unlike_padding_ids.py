"""Sequences are padded with another id than the embedding takes for padding.

## What it does

Finds `pad_sequence` whose padding value (0 when it is not given) is not the `padding_idx` of the embedding behind it.

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

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("forward"):
        layer = event.recv
        if layer is None or layer.name != "Embedding" or not event.args:
            continue
        index = layer.arg(2, "padding_idx")
        if index is None or type(index.const) is not int or index.const < 0:
            continue
        padded = next((v for v in lineage.certain(event.args[0]) if v.name == "pad_sequence"), None)
        if padded is None or id(padded.node) in told:
            continue
        value = _value(padded)
        if value is not None and value != index.const:
            told.add(id(padded.node))
            yield p.report(
                "SB720",
                padded,
                f"sequences are padded with {value}, but the embedding has padding_idx={index.const} (mismatch)",
                why="the padding is taken for a real token, and masks of the padding index leave it in",
                fix=f"Use pad_sequence(..., padding_value={index.const})",
                related=((str(layer.src.path) if layer.src else "", layer.line, "the embedding"),),
            )


def _value(padded: Val) -> int | None:
    given = padded.kwargs.get("padding_value", padded.args[2] if len(padded.args) > 2 else None)
    if given is None:
        return 0
    return int(given.const) if isinstance(given.const, (int, float)) and not isinstance(given.const, bool) else None
