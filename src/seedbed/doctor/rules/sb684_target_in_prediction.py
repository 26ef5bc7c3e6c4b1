"""The target is added to the prediction.

## What it does

Finds reconstructions `x + decoder(encoder(x))` that are compared with the same `x`.

## Why is this bad

The best answer of the network is zero: the input itself goes round it. The loss falls at once and nothing is learnt.

## Example

```python
encoder, decoder = nn.Linear(20, 2), nn.Linear(2, 20)
x = torch.randn(64, 20)
loss = nn.functional.mse_loss(x + decoder(torch.tanh(encoder(x))), x)
loss.backward()
```

## Use instead

```python
encoder, decoder = nn.Linear(20, 2), nn.Linear(2, 20)
x = torch.randn(64, 20)
loss = nn.functional.mse_loss(decoder(torch.tanh(encoder(x))), x)
loss.backward()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static.formulas import core, plain_terms, same, summands
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    roots = [b.recv for b in p.all("backward") if b.recv is not None]
    if any(len(summands(root)) != 1 for root in roots):
        return  # one term of several may well ask for the identity
    for pred, target, event in pairs(p):
        goal = core(target)
        if goal.kind != "tensor" or goal.grad or not pred.grad or goal.name in ("zeros", "ones", "zeros_like"):
            continue
        terms = [(sign, core(t)) for sign, t in plain_terms(pred)]
        own = [t for sign, t in terms if sign > 0 and (t is goal or same(t, goal))]
        rest = [t for _, t in terms if not any(t is o for o in own)]
        if len(own) != 1 or not rest or not all(t.grad and t.owner is not None for t in rest):
            continue
        if not all(any(a is own[0] for a in ancestors(t, limit=2000)) for t in rest) or not p.trained(pred):
            continue
        total = core(pred)
        yield p.report(
            "SB684",
            total if total.line else event,
            "the target is added to the prediction (an identity skip of the whole network): its input leaks to the "
            "output",
            why="with the network at zero the loss is zero, so it learns nothing (the residual is the error)",
            fix="Return the network's output alone",
            related=((str(event.src.path), event.line, "the loss"),),
        )
        return
