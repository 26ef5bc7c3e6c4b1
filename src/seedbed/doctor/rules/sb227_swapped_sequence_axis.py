"""Batch and time are swapped: batch_first does not fit the data.

## What it does

Finds recurrent layers and transformers that take time for batch: `batch_first` does not fit the data. Also finds a
long sequence that `view` lays out across the batch while inputs and targets are cut along the other axis.

## Why is this bad

The recurrence then runs over the samples of the batch. Samples see each other; time is ignored.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(torch.randn(256, 20, 4), torch.randn(256)), batch_size=32, shuffle=True)
rnn = nn.LSTM(4, 16)
for x, y in loader:
    out, _ = rnn(x)
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(torch.randn(256, 20, 4), torch.randn(256)), batch_size=32, shuffle=True)
rnn = nn.LSTM(4, 16, batch_first=True)
for x, y in loader:
    out, _ = rnn(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import streams, tokens, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    laid = list(streams.broken(p))
    for layout, cut in laid:
        yield p.report(
            "SB227",
            layout,
            "this view lays the stream out across the batch: consecutive entries stand side by side, but inputs and "
            "targets are shifted along the other axis, so each column jumps",
            why="the next entry along the time axis is not the next one of the text: there is nothing to learn from "
            "(view interleaves, it does not transpose)",
            fix="Give each column one piece of the stream: data.view(batch_size, -1).t()",
            related=((str(cut.src.path) if cut.src is not None else "", cut.line, "cut into windows here"),),
        )
    if laid:
        return
    names = ("LSTM", "GRU", "RNN", "TransformerEncoder", "TransformerEncoderLayer", "MultiheadAttention")
    for event in training.forwards_inside(p, *names):
        layer, source = event.recv, event.arg(0)
        if layer is None or source is None or event.src is None:
            continue
        first = _batch_first(layer)
        if first is None or (source.shape is not None and len(source.shape) != 3):
            continue
        lead = tokens.leading_axis(source)
        if lead == "batch" and first is False:
            yield p.report(
                "SB227",
                layer if layer.line else event,
                f"{layer.name} is used without batch_first=True, but its input has the batch first: batch and "
                f"time are swapped",
                why="the layer runs over the batch dimension as if it were the time dimension, so samples "
                "leak into each other",
                fix="Pass batch_first=True, or transpose the input to (time, batch, features)",
                related=((str(event.src.path), event.line, "the call"),),
            )
        elif lead == "time" and first is True:
            padded = next((v for v in ancestors(source, limit=60) if v.name == "pad_sequence"), None)
            yield p.report(
                "SB227",
                padded if padded is not None else event,
                f"pad_sequence without batch_first=True puts time first, (T, B, ...), but {layer.name} has "
                "batch_first=True: batch and time are swapped",
                why="the layer runs over the samples of the batch as if they were time steps (the wrong axis)",
                fix="Pass batch_first=True to pad_sequence too",
                related=((str(event.src.path), event.line, "the call"),),
            )


def _batch_first(layer: Val) -> bool | None:
    if layer.name == "TransformerEncoder":
        inner = layer.arg(0, "encoder_layer")
        return _batch_first(inner) if inner is not None and inner.kind == "module" else None
    flag = layer.kwargs.get("batch_first")
    if flag is None:
        return False if "**" not in layer.kwargs else None
    return flag.const if isinstance(flag.const, bool) else None
