"""A convolution over tokens reads the token that it has to predict.

## What it does

Finds language models whose `nn.Conv1d` is padded on both sides: each position sees the next ones.

## Why is this bad

The target is the next token, and the kernel covers it. The loss falls to nothing, and generated text is noise.

## Example

```python
table, conv, head = nn.Embedding(20, 16), nn.Conv1d(16, 16, 3, padding=1), nn.Linear(16, 20)
tokens = torch.randint(0, 20, (8, 12))
hidden = torch.relu(conv(table(tokens[:, :-1]).transpose(1, 2))).transpose(1, 2)
loss = nn.functional.cross_entropy(head(hidden).reshape(-1, 20), tokens[:, 1:].reshape(-1))
loss.backward()
```

## Use instead

```python
table, conv, head = nn.Embedding(20, 16), nn.Conv1d(16, 16, 3), nn.Linear(16, 20)
tokens = torch.randint(0, 20, (8, 12))
shifted = nn.functional.pad(table(tokens[:, :-1]).transpose(1, 2), (2, 0))
hidden = torch.relu(conv(shifted)).transpose(1, 2)
loss = nn.functional.cross_entropy(head(hidden).reshape(-1, 20), tokens[:, 1:].reshape(-1))
loss.backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import tokens
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    events = [e for e in p.all("forward") if e.name == "Conv1d" and e.recv is not None]
    if not events or not tokens.next_token(p):
        return
    for event in events:
        layer = event.recv
        if layer is None or id(layer) in seen or event.result is None or not event.args or not p.trained(event.result):
            continue
        kernel, padding = layer.number(2, "kernel_size"), layer.arg(4, "padding")
        dilation = layer.arg(5, "dilation")
        spread = 1 if dilation is None else dilation.const
        if not isinstance(kernel, int) or kernel < 3 or not isinstance(spread, int):
            continue
        ahead = _ahead(padding, (kernel - 1) * spread) or _padded(padding, event.args[0], (kernel - 1) * spread)
        if not ahead or not tokens.reads_next(p, event.args[0]) or _cut(p, event.result):
            continue
        seen.add(id(layer))
        side = "after the end" if "(0, " in ahead else "on both sides"
        yield p.report(
            "SB689",
            event.args[0] if ahead.startswith("F.pad") else layer if layer.line else event,
            f"Conv1d(kernel_size={kernel}) with {ahead} pads {side}: it is not causal, every "
            "position sees the future tokens",
            why="the targets are the next tokens, so the model reads its answer (a leak)",
            fix=f"Use F.pad(x, ({(kernel - 1) * spread}, 0)) and a Conv1d without padding",
        )


def _ahead(padding: Val | None, reach: int) -> str:
    """How a layer pads as much after the end as before the start; ``""`` when it does not."""
    given = padding.const if padding is not None else None
    both = given == "same" or (type(given) is int and 0 < 2 * given == reach)
    return f"padding={given!r}" if both else ""


def _padded(padding: Val | None, x: Val, reach: int) -> str:
    """The same of ``F.pad(x, (left, right))`` before a layer without padding: any width on the right."""
    widths = x.arg(1, "pad") if x.name == "pad" else None
    sides = [v.const for v in widths.items or []] if widths is not None else []
    if (padding is not None and padding.const != 0) or len(sides) != 2 or not all(type(s) is int for s in sides):
        return ""
    return f"F.pad(x, ({sides[0]}, {sides[1]}))" if sides[1] > 0 and sum(sides) == reach else ""


def _cut(p: Program, made: Val) -> bool:
    """Whether the end of the output is cut off, or it is shifted, or something else is done with its positions."""
    return any(u.name in ("getitem", "narrow", "roll", "pad", "chunks") for u in q.users(p, made))
