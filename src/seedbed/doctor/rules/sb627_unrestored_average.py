"""Averaged weights are put into the model and never taken out again.

## What it does

Finds averages (EMA) that are swapped into the model for an evaluation in the training loop, with a way back that
nobody calls.

## Why is this bad

Training goes on from the averaged weights: every epoch the model is pulled back to its average.

## Example

```python
class EMA:
    def __init__(self, model):
        self.shadow = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.backup = {}
    @torch.no_grad()
    def update(self, model):
        for n, p in model.named_parameters():
            self.shadow[n].lerp_(p, 0.01)
    @torch.no_grad()
    def apply(self, model):
        for n, p in model.named_parameters():
            self.backup[n] = p.clone()
            p.copy_(self.shadow[n])
    @torch.no_grad()
    def restore(self, model):
        for n, p in model.named_parameters():
            p.copy_(self.backup[n])
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
ema = EMA(model)
for epoch in range(100):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        ema.update(model)
    ema.apply(model)
    evaluate(model)
```

## Use instead

```python
class EMA:
    def __init__(self, model):
        self.shadow = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.backup = {}
    @torch.no_grad()
    def update(self, model):
        for n, p in model.named_parameters():
            self.shadow[n].lerp_(p, 0.01)
    @torch.no_grad()
    def apply(self, model):
        for n, p in model.named_parameters():
            self.backup[n] = p.clone()
            p.copy_(self.shadow[n])
    @torch.no_grad()
    def restore(self, model):
        for n, p in model.named_parameters():
            p.copy_(self.backup[n])
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
ema = EMA(model)
for epoch in range(100):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        ema.update(model)
    ema.apply(model)
    evaluate(model)
    ema.restore(model)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    seen: set[int] = set()
    for event in p.all("invoke"):
        func = event.recv.owner if event.recv is not None else None
        cls = getattr(func, "owner", None)
        if func is None or cls is None or not event.loops or id(func.node) in seen:
            continue
        if not _writes(func.node):
            continue
        kept = _puts_away(func.node) or _put_away_beside(p, event, func)
        backs = [
            v.owner
            for v in cls.scope.vars.values()
            if v.kind == "func" and v.owner is not func and _writes(v.owner.node) and kept & _reads(v.owner.node)
        ]
        if not backs or any(b.calls for b in backs) or any(_named(p, b.name) for b in backs):
            continue
        if not any(b.loops and b.loops[0].node is event.loops[0].node for b in p.all("backward")):
            continue
        seen.add(id(func.node))
        yield p.report(
            "SB627",
            event,
            f"{func.name}() swaps the averaged (EMA) weights into the model, but {backs[0].name}() is never called: "
            "training goes on with the average",
            why="the weights that were put aside are never restored, so each epoch starts from the averaged weights",
            fix=f"Call {backs[0].name}() after the evaluation",
            related=((str(func.src.path), backs[0].node.lineno, "the way back"),),
        )


def _put_away_beside(p: Program, event: Event, func: Any) -> set[str]:
    """What another method of the same object, called just before it in the same round, has put aside for the way back.

    Only for a method that writes into the model itself: the one that follows the weights writes into its own average.
    """
    if not _writes_outside(func.node):
        return set()
    found: set[str] = set()
    for other in p.all("invoke"):
        keeper = other.recv.owner if other.recv is not None else None
        if keeper is None or other.seq > event.seq or keeper is func or keeper.owner is not func.owner:
            continue
        beside = other.loops == event.loops and other.rounds == event.rounds and q.same_branch(other, event)
        if beside and other.args and event.args and q.same(other.args[0], event.args[0]):
            found |= set() if _writes(keeper.node) else _puts_away(keeper.node)
    return found - _reads(func.node)


def _writes_outside(func: Any) -> bool:
    """Whether a method writes into something that is no entry of its own tables."""
    for n in syntax.walk(func):
        if (
            isinstance(n, ast.Call)
            and isinstance(n.func, ast.Attribute)
            and n.func.attr in ("copy_", "load_state_dict")
        ):
            into = n.func.value
        elif isinstance(n, ast.Assign) and any(isinstance(t, ast.Attribute) and t.attr == "data" for t in n.targets):
            into = next(t.value for t in n.targets if isinstance(t, ast.Attribute) and t.attr == "data")
        else:
            continue
        if not (isinstance(into, ast.Subscript) and syntax.text(into).startswith("self.")):
            return True
    return False


def _named(p: Program, name: str) -> bool:
    return any(n.attr == name and isinstance(n.ctx, ast.Load) for n in q.everywhere(p, ast.Attribute))


def _puts_away(func: Any) -> set[str]:
    """Attributes in which a method keeps values: ``self.backup[name] = ...``."""
    found = set()
    for n in syntax.walk(func):
        if isinstance(n, ast.Assign):
            for target in n.targets:
                base = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(base, ast.Attribute) and syntax.text(base).startswith("self."):
                    found.add(base.attr)
    return found


def _writes(func: Any) -> bool:
    """Whether a method writes into parameters: ``p.copy_(...)``, ``p.data = ...`` or ``load_state_dict``."""
    for n in syntax.walk(func):
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute):
            if n.func.attr in ("copy_", "load_state_dict"):
                return True
        elif isinstance(n, ast.Assign):
            stored = [t for t in n.targets if isinstance(t, ast.Attribute) and t.attr == "data"]
            if any(syntax.text(t) != "self.data" for t in stored):  # that one is its own: the sums of a meter
                return True
    return False


def _reads(func: Any) -> set[str]:
    return {
        n.attr
        for n in syntax.walk(func)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load) and syntax.text(n).startswith("self.")
    }
