"""Both halves of a positional encoding are sines.

## What it does

Finds sinusoidal tables whose even and odd columns are both made by `sin` (or both by `cos`), and
`cat([sin(a), sin(a)])`.

## Why is this bad

Sine and cosine together make a rotation, from which relative positions can be read. Two sines are the same number
twice: half of the columns are lost.

## Example

```python
import math

angle = torch.arange(50).unsqueeze(1) * torch.exp(torch.arange(0, 16, 2) * (-math.log(10000.0) / 16))
table = torch.zeros(50, 16)
table[:, 0::2] = torch.sin(angle)
table[:, 1::2] = torch.sin(angle)
out = nn.Linear(16, 2)(torch.randn(4, 50, 16) + table)
```

## Use instead

```python
import math

angle = torch.arange(50).unsqueeze(1) * torch.exp(torch.arange(0, 16, 2) * (-math.log(10000.0) / 16))
table = torch.zeros(50, 16)
table[:, 0::2] = torch.sin(angle)
table[:, 1::2] = torch.cos(angle)
out = nn.Linear(16, 2)(torch.randn(4, 50, 16) + table)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_WAVES = ("sin", "cos")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.made(*_WAVES):
        return
    seen: set[int] = set()
    first: dict[int, tuple[int, str]] = {}
    cells: dict[int, list[tuple[Val, Event]]] = {}
    for event in p.all("setitem"):
        half = _half(event)
        base = event.recv
        if base is None or len(event.args) < 2:
            continue
        made = f.core(event.args[1])
        wave = made.name
        if half is None:
            if wave in _WAVES or (wave == "neg" and made.args and f.core(made.args[0]).name in _WAVES):
                cells.setdefault(id(base), []).append((made, event))
            continue
        if wave not in _WAVES:
            continue
        known = first.setdefault(id(base), (half, wave))
        if known[0] != half and known[1] == wave and id(event.node) not in seen:
            seen.add(id(event.node))
            yield _report(p, event, wave)
    for put in cells.values():
        again = _twice(put)
        if again is not None:
            yield _report(p, again, put[0][0].name)
            return
    for val in p.made("cat", "concat", "concatenate", "stack"):
        parts = [f.core(i) for i in (val.args[0].items or ())] if val.args else []
        if len(parts) != 2 or id(val.node) in seen or parts[0].name not in _WAVES or parts[0].name != parts[1].name:
            continue
        if parts[0].args and parts[1].args and f.same(parts[0].args[0], parts[1].args[0]):
            seen.add(id(val.node))
            yield _report(p, parts[1] if parts[1].line else val, parts[0].name)


def _twice(put: list[tuple[Val, Event]]) -> Event | None:
    """The second of two places of a table that get the same wave, where the other wave is nowhere in it."""
    if len({made.name for made, _ in put}) > 1:
        return None  # sine and cosine of an angle: a rotation
    for at, (made, event) in enumerate(put):
        if any(other.node is not event.node and _again(one, made) for one, other in put[:at]):
            return event
    return None


def _again(one: Val, other: Val) -> bool:
    """Whether two entries are the same function of the same angle."""
    return one.name == other.name and bool(one.args) and bool(other.args) and f.same(one.args[0], other.args[0])


def _report(p: Program, at: Event | Val, wave: str) -> Finding:
    return p.report(
        "SB671",
        at,
        f"both halves of the sinusoidal positional encoding are {wave}: one of them must be "
        f"{'cos' if wave == 'sin' else 'sin'}",
        why="the odd columns repeat the even ones, so half of the encoding is lost",
        fix="Use sin for the even columns (0::2) and cos for the odd ones (1::2)",
    )


def _half(event: Event) -> int | None:
    """Which columns of a table are written: 0 the even ones, 1 the odd ones."""
    key = event.args[0] if event.args else None
    for part in (key.items or [key]) if key is not None else ():
        if part.kind == "slice" and len(part.args) > 2 and part.args[2].const == 2:
            return {None: 0, 0: 0, 1: 1}.get(part.args[0].const)
    return None
