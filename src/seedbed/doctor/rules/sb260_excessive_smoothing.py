"""Smoothed labels are no distribution, or hardly hold the label any more.

## What it does

Finds `label_smoothing` of 0.5 and more, and smoothing by hand that adds `eps` to every class instead of
`eps / number of classes`.

## Why is this bad

With too much smoothing the target is almost uniform. Targets that do not sum to one weigh the wrong classes as
much as the right one, and the scale of the loss is wrong.

## Example

```python
target = torch.tensor([0, 2, 1])
eps = 0.1
soft = F.one_hot(target, 3).float() * (1 - eps) + eps
loss = F.cross_entropy(nn.Linear(4, 3)(torch.randn(3, 4)), soft)
```

## Use instead

```python
target = torch.tensor([0, 2, 1])
eps = 0.1
soft = F.one_hot(target, 3).float() * (1 - eps) + eps / 3
loss = F.cross_entropy(nn.Linear(4, 3)(torch.randn(3, 4)), soft)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _by_hand(p)
    for event in p.first_calls("CrossEntropyLoss", "cross_entropy"):
        if event.name.rsplit(".", 1)[-1] not in ("CrossEntropyLoss", "cross_entropy"):
            continue
        smooth = event.kwargs.get("label_smoothing")
        if smooth is not None and isinstance(smooth.const, (int, float)) and 0.5 <= smooth.const <= 1:
            yield p.report(
                "SB260",
                event,
                f"label_smoothing={smooth.const:g} leaves only {1 - smooth.const:.0%} of the target for the label",
                why="label_smoothing is the part that is spread over all classes, not the part that stays",
                fix="Use a small value, e.g. label_smoothing=0.1",
            )
    for event in p.once("loss"):
        if event.name in ("CrossEntropyLoss", "KLDivLoss") and len(event.args) > 1:
            for one in (f.core(o) for o in event.args[1].options()):
                if _too_much(one):
                    yield p.report(
                        "SB260",
                        one,
                        "label smoothing adds eps to every class: the smoothed targets sum to more than one",
                        why="a target must be a distribution; here every wrong class gets the whole eps",
                        fix="Add eps / number_of_classes, or use label_smoothing= of cross_entropy",
                        related=(q.place(event.args[1]),),
                    )


def _by_hand(p: Program) -> Iterator[Finding]:
    """Smoothed targets in a cross-entropy that is written out: ``-(target * log_softmax).sum()``."""
    seen: set[int] = set()
    for val in p.made("mul"):
        if len(val.args) != 2 or not val.grad or id(val.node) in seen:
            continue
        sides = [f.core(a) for a in val.args]
        if not any(s.name in ("log_softmax", "log") for s in sides):
            continue
        soft = next((s for s in sides if _too_much(s)), None)
        if soft is not None:
            seen.add(id(val.node))
            yield p.report(
                "SB260",
                soft,
                "label smoothing adds eps to every class: the smoothed targets sum to more than one",
                why="a target must be a distribution; here every wrong class gets the whole eps",
                fix="Add eps / number_of_classes, or use label_smoothing= of cross_entropy",
            )


def _too_much(val: Val) -> bool:
    """``one_hot * (1 - eps) + eps``."""
    if val.name != "add" or len(val.args) != 2:
        return False
    for scaled, extra in (val.args, val.args[::-1]):
        parts = f.factors(scaled)
        if not any(v.name in ("one_hot", "scatter_", "scatter") for v, _ in parts):
            continue
        kept = [v for v, _ in parts if v.name not in ("one_hot", "scatter_", "scatter")]
        for one in kept:
            eps = f.complement(one)
            if eps is not None and f.same(eps, extra):
                return True
            if one.kind == "const" and extra.kind == "const" and isinstance(one.const, float):
                return isinstance(extra.const, float) and abs(one.const + extra.const - 1) < 1e-9
    return False
