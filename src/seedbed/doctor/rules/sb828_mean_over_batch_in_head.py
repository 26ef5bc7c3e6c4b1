"""A head subtracts the mean over the whole batch.

## What it does

Finds dueling heads `v + a - a.mean()` in which the mean runs over the batch too.

## Why is this bad

The value of one state then depends on the other states that happen to be in the batch.

## Example

```python
class Dueling(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Linear(8, 1)
        self.advantage = nn.Linear(8, 4)

    def forward(self, h):
        v, a = self.value(h), self.advantage(h)
        return v + a - a.mean()
```

## Use instead

```python
class Dueling(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Linear(8, 1)
        self.advantage = nn.Linear(8, 4)

    def forward(self, h):
        v, a = self.value(h), self.advantage(h)
        return v + a - a.mean(dim=1, keepdim=True)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core, plain_terms
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, origins

_LAYERS = frozenset(["Linear", "linear", "forward"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("return") if p.made("mean", "max", "amax") else ():
        val = event.result
        if val is None or not event.funcs or event.funcs[-1].name == "<lambda>":
            continue
        terms = plain_terms(val)
        if len(terms) < 3:
            continue
        for sign, one in terms:
            if sign > 0 or one.name not in ("mean", "max", "amax") or not one.args or id(one.node) in seen:
                continue
            base = core(one.args[0])
            dim = one.kwargs.get("dim", one.args[1] if len(one.args) > 1 else None)
            whole = dim is None or dim.const == 0
            added = [t for s, t in terms if s > 0 and t is base]
            others = [t for s, t in terms if s > 0 and t is not base and _output(t)]
            if whole and added and others and _output(base) and (base.shape is None or len(base.shape) > 1):
                seen.add(id(one.node))
                yield p.report(
                    "SB828",
                    one,
                    f"{one.name}() {'without dim' if dim is None else 'over dim=0'} runs over the whole batch: the "
                    "value of one sample depends on the other samples",
                    why="the advantages must be centred over the actions of one state, not across the batch dimension",
                    fix=f"Use a.{one.name}(dim=1, keepdim=True)",
                )


def _output(val: Val) -> bool:
    return any(o.name in _LAYERS and (o.owner is not None or o.name == "linear") for o in origins(val))
