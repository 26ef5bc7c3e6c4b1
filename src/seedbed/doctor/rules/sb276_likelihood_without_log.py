"""The picked probability itself is the loss: its logarithm is missing.

## What it does

Finds losses `-p[range(n), y].mean()` (or with `gather`) of softmax probabilities without a logarithm.

## Why is this bad

The gradient of a probability vanishes when the model is sure and wrong, so exactly these samples are not corrected.
Cross-entropy takes the logarithm first.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    prob = F.softmax(model(x), dim=1)
    loss = -prob.gather(1, y.unsqueeze(1)).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    log_prob = F.log_softmax(model(x), dim=1)
    loss = -log_prob.gather(1, y.unsqueeze(1)).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        terms = f.summands(back.recv) if back.recv is not None else []
        for sign, term in terms:
            made = _picked(term) if sign < 0 and term.grad else _masked(term) if term.grad else None
            if made is None or id(term.node) in seen:
                continue
            seen.add(id(term.node))
            raw = made.name in training.LOGIT_OPS
            yield p.report(
                "SB276",
                term,
                "the picked raw score is the loss: log_softmax is missing"
                if raw
                else "the picked probability is the loss: its logarithm (log_softmax) is missing",
                why="raw scores can grow without end"
                if raw
                else "a probability near 0 has almost no gradient, so confident mistakes are not corrected",
                fix="Use -log_softmax(logits).gather(...), i.e. F.cross_entropy(logits, y)",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _masked(term: Val) -> Val | None:
    """The same in ``(-p.gather(...) * mask).sum() / mask.sum()``."""
    one = f.core(term)
    if one.name == "div" and len(one.args) == 2 and not one.args[1].grad:
        one = f.core(one.args[0])
    if one.name == "sum" and one.args:
        one = f.core(one.args[0])
    if one.name != "mul" or len(one.args) != 2:
        return None
    for loss, mask in (one.args, one.args[::-1]):
        inner = f.core(loss)
        if inner.name == "neg" and inner.args and not mask.grad:
            return _picked(inner.args[0])
    return None


def _picked(term: Val) -> Val | None:
    """The softmax (or layer) whose entry of the label is taken."""
    one = f.core(term)
    if one.name == "gather" and one.args:
        source = f.core(one.args[0])
    elif one.name == "getitem" and len(one.args) > 1 and one.args[1].items and len(one.args[1].items) == 2:
        key = one.args[1].items
        if key[0].kind == "slice" or key[1].kind in ("slice", "const") or key[0].kind == "const":
            return None
        source = f.core(one.args[0])
    else:
        return None
    while source.name == "forward" and source.args:
        source = f.core(source.args[0])
    return source if source.name == "softmax" else None
