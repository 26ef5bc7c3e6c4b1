"""The perplexity takes the wrong base for the cross entropy.

## What it does

Finds `2 ** loss` of a cross entropy of PyTorch, which is measured in nats, and `exp` of one that was turned into bits.

## Why is this bad

The printed perplexity is far too low (2 instead of e to the power of the loss).

## Example

```python
loss = F.cross_entropy(model(x), y)
print("perplexity", 2 ** loss.item())
```

## Use instead

```python
loss = F.cross_entropy(model(x), y)
print("perplexity", loss.exp().item())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_NATS = ("CrossEntropyLoss", "NLLLoss")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    if all(_power(v) is None for v in p.made("pow", "power", "float_power", "exp2")):
        return
    roots = [v for e in p.events for v in (e.result, *e.args) if v is not None]
    for root in {id(r): r for r in roots}.values():
        power = _power(root)
        if power is None or id(root.node) in told or not _nats(power):
            continue
        told.add(id(root.node))
        yield p.report(
            "SB348",
            root,
            "the perplexity is 2 ** loss, but cross_entropy is in nats (base e): it must be exp(loss)",
            why="PyTorch takes the natural logarithm, so 2 ** loss is much lower than the true perplexity",
            fix="Use torch.exp(loss), or divide the loss by log(2) before 2 ** loss",
        )


def _power(val: Val) -> Val | None:
    if val.name in ("pow", "power", "float_power") and len(val.args) > 1 and val.args[0].const in (2, 2.0):
        return val.args[1]
    return val.args[0] if val.name == "exp2" and val.args else None


def _nats(val: Val) -> bool:
    """Whether an exponent is a cross entropy (or a mean of it), not divided by log(2)."""
    near, parts = list(ancestors(val, limit=20)), list(ancestors(val, limit=1000))
    if any(v.name in ("log", "log2", "math_log") or v.const in (0.6931471805599453, 0.693) for v in near):
        return False
    return any(t in v.tags for v in parts if v.name == "loss" for t in _NATS) or f.loss_value(val) is not None
