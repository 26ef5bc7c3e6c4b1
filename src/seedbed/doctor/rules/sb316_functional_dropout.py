"""F.dropout without training=self.training stays on in evaluation.

## What it does

Finds `F.dropout` without `training=self.training`.

## Why is this bad

`F.dropout` is on by default. `model.eval()` does not switch it off: predictions are random.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 32)
        self.b = nn.Linear(32, 3)

    def forward(self, x):
        return self.b(F.dropout(F.relu(self.a(x)), 0.5))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 32)
        self.b = nn.Linear(32, 3)

    def forward(self, x):
        return self.b(F.dropout(F.relu(self.a(x)), 0.5, training=self.training))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("call"):
        last = event.name.rsplit(".", 1)[-1]
        if not event.name.startswith("torch.nn.functional") or "dropout" not in last or not event.funcs:
            continue
        flag = event.arg(2, "training")
        if not event.depth and not any(f.owner is not None and f.owner.base == "module" for f in event.funcs):
            continue
        if _asks_for_training(event):
            continue
        if _turned(event):
            yield p.report(
                "SB316",
                event,
                "F.dropout with training=not self.training is off in training and active in eval mode (inverted)",
                why="the model trains without dropout, and its predictions are random",
                fix="Pass training=self.training",
            )
            continue
        if flag is None or (
            flag.kind == "const" and flag.const is True and _literal(event) and not _monte_carlo(event)
        ):
            yield p.report(
                "SB316",
                event,
                "F.dropout without training=self.training stays active in eval mode",
                why="model.eval() does not switch it off, so predictions are random and too bad",
                fix="Pass training=self.training, or use an nn.Dropout layer",
                severity=None if flag is None else Severity.WARNING,
            )
    yield from _attention(p)


def _attention(p: Program) -> Iterator[Finding]:
    """``scaled_dot_product_attention`` with a dropout that no mode switches off."""
    for event in p.once("call"):
        if not event.name.endswith("scaled_dot_product_attention") or not event.funcs:
            continue
        drop = event.arg(4, "dropout_p")
        owners = [f.owner.node for f in event.funcs if f.owner is not None] or [event.funcs[-1].node]
        asked = any(isinstance(n, ast.Attribute) and n.attr == "training" for o in owners for n in syntax.walk(o))
        if drop is None or asked or _monte_carlo(event):
            continue
        if drop.kind == "const" and isinstance(drop.const, float) and drop.const > 0:
            yield p.report(
                "SB316",
                event,
                f"scaled_dot_product_attention with dropout_p={drop.const:g} drops attention in eval mode too",
                why="the function knows no train/eval mode, so dropout stays active and evaluation is random",
                fix="Pass dropout_p=self.p if self.training else 0.0",
                dropout_p=drop.const,
            )


def _turned(event: Event) -> bool:
    """Whether the mode is passed on turned over: ``training=not self.training``."""
    given = [k.value for k in getattr(event.node, "keywords", []) if k.arg == "training"]
    given += getattr(event.node, "args", [])[2:3]
    return any(
        isinstance(g, ast.UnaryOp)
        and isinstance(g.op, ast.Not)
        and isinstance(g.operand, ast.Attribute)
        and g.operand.attr == "training"
        for g in given
    )


def _asks_for_training(event: Event) -> bool:
    """Whether the call stands in a branch of its function that only training takes."""
    return any(
        isinstance(n, ast.If)
        and any(isinstance(t, ast.Attribute) and t.attr == "training" for t in syntax.walk(n.test))
        and any(event.node is part for s in n.body for part in syntax.walk(s))
        for n in syntax.walk(event.funcs[-1].node)
    )


def _monte_carlo(event: Event) -> bool:
    names = {w for f in event.funcs for w in words(f.name)} | {
        w for f in event.funcs if f.owner is not None for w in words(f.owner.name)
    }
    return bool(names & {"mc", "monte", "uncertainty", "bayesian", "sample"})


def _literal(event: Event) -> bool:
    """Whether ``True`` is written in the call itself (``self.training`` is only true for now)."""
    call = event.node
    if not isinstance(call, ast.Call):
        return False
    given = [k.value for k in call.keywords if k.arg == "training"] or call.args[2:3]
    return any(isinstance(g, ast.Constant) for g in given)
