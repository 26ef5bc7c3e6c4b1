"""The hidden state and the cell state of an LSTM change places.

## What it does

Finds LSTM layers that get `(c, h)` as their initial state, and `out, (c, h) = lstm(x)`.

## Why is this bad

Both have the same shape, so nothing raises. The layer starts from gates' memory where it expects the output, and a
classifier on "h" reads the cell.

## Example

```python
encoder = nn.LSTM(8, 16, batch_first=True)
decoder = nn.LSTM(8, 16, batch_first=True)
_, (h, c) = encoder(torch.randn(4, 5, 8))
out, _ = decoder(torch.randn(4, 3, 8), (c, h))
```

## Use instead

```python
encoder = nn.LSTM(8, 16, batch_first=True)
decoder = nn.LSTM(8, 16, batch_first=True)
_, (h, c) = encoder(torch.randn(4, 5, 8))
out, _ = decoder(torch.randn(4, 3, 8), (h, c))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_HIDDEN = frozenset(["h", "hn", "h_n", "hidden", "h0", "hx", "ht", "h_t", "hid"])
_CELL = frozenset(["c", "cn", "c_n", "cell", "c0", "cx", "ct", "c_t"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        if event.name not in ("LSTM", "LSTMCell"):
            continue
        given = event.arg(1, "hx")
        for pair in given.options() if given is not None else ():
            items = pair.items or []
            if len(items) != 2 or not (_is_cell(items[0]) is True and _is_cell(items[1]) is False):
                continue
            if id(pair.node) in seen:
                continue
            seen.add(id(pair.node))
            yield _report(p, pair, f"{event.name} gets (c, h) as its state: hidden state and cell state are swapped")
    yield from _unpacked_cells(p)
    for name, val, bound in p.assigns:
        if val.name != "state" or val.kind != "tensor" or val.owner is None or val.owner.name != "LSTM":
            continue
        wrong = name in _HIDDEN if "cell" in val.tags else name in _CELL
        if wrong and name == val.var and id(bound.node) not in seen:
            seen.add(id(bound.node))
            if "cell" in val.tags:
                yield _report(
                    p, val, "out, (c, h) = lstm(x): hidden state and cell state are swapped, LSTM gives (h, c)"
                )


def _unpacked_cells(p: Program) -> Iterator[Finding]:
    """``c, h = lstm_cell(x, (h, c))``."""
    seen: set[int] = set()
    for name, val, bound in p.assigns:
        if val.name != "part" or not val.args or val.args[0].name != "LSTMCell" or id(bound.node) in seen:
            continue
        if val.place == 0 and name in _CELL:
            seen.add(id(bound.node))
            yield _report(
                p, val.args[0], "c, h = cell(x): hidden state and cell state are swapped, LSTMCell gives (h, c)"
            )


def _report(p: Program, at: Val, said: str) -> Finding:
    return p.report(
        "SB859",
        at,
        said,
        why="both have the same shape, so nothing raises, but each is used as the other",
        fix="Keep the order (h, c): hidden state first, cell state second",
    )


def _is_cell(val: Val) -> bool | None:
    """Whether a value is the cell state of a layer, ``None`` where that is not known."""
    for one in q.chain(val)[:8]:
        if one.name == "state" and one.owner is not None and one.owner.name == "LSTM":
            return "cell" in one.tags
    return None
