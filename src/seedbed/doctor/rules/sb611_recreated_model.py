"""The model is created again in the loop: its weights are lost.

## What it does

Finds a model that is made again in every round of its training loop.

## Why is this bad

Each round starts from random weights: nothing is kept from epoch to epoch.

## Example

```python
for epoch in range(10):
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import layers, rounds, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import LoopRun, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for model in training.trained_modules(p):
        if model.kind != "module" or not model.loops or model.copied is not None or id(model.node) in seen:
            continue
        made = [e for e in p.all("make", "call") if e.result is model and e.loops]
        if not made or "external" in model.tags or _weightless(model):
            continue
        event = made[0]
        loop = event.loops[-1]
        if event.conds_in(loop) or not rounds.repeats(loop) or not any(b.inside(loop) for b in p.all("backward")):
            continue
        target = getattr(loop.node, "target", None)
        names = (
            {w for n in syntax.walk(target) if isinstance(n, ast.Name) for w in words(n.id)}
            if target is not None
            else set()
        )
        inner = max((len(b.loops) for b in p.all("backward") if b.inside(loop)), default=0) - len(event.loops)
        if (
            not names & {"epoch", "ep", "epochs", "batch", "x", "xb", "step"}
            and inner != 1
            and not rounds.is_loader_loop(loop)
        ):
            continue
        if "epoch" not in names and inner > 1:
            continue
        if any(e.inside(loop) and e.recv is model for e in p.all("restore")):
            continue
        if any(e.inside(loop) and e.args and any(v is model for v in q.flat(e.args)) for e in p.all("keep")):
            continue  # the members of an ensemble, kept one by one
        if names & {"_"} and inner != 1:
            continue
        if not names & {"epoch", "ep", "epochs"} and (_grown(p, loop) or (inner == 1 and _epochs_inside(p, loop))):
            continue  # rounds of something: each one trains a model of its own, over steps that are counted
        stands_in = loop.line <= event.line <= (getattr(loop.node, "end_lineno", 0) or 0)
        if not stands_in and not names & {"epoch", "ep", "epochs"}:
            continue  # a function that makes, trains and returns a model: each call is a run of its own
        seen.add(id(model.node))
        yield p.report(
            "SB611",
            q.site(event, loop),
            f"the model {model.name} is created again in every round of the loop: its weights are lost",
            why="each round starts from random weights, so nothing is kept from one epoch to the next",
            fix="Create the model (and the optimizer) once, before the loop",
            related=((str(event.src.path), loop.line, "the loop"),),
        )


def _weightless(model: Val) -> bool:
    """Whether it is a layer of the library that has nothing to learn: an activation, a pooling, a loss."""
    kind = model.name.rsplit(".", 1)[-1]
    plain = kind in layers.ACTIVATIONS and kind != "PReLU"
    return model.owner is None and (plain or kind.endswith(("Loss", "Flatten")) or "Pool" in kind)


def _epochs_inside(p: Program, loop: LoopRun) -> bool:
    """Whether the loop in it counts its steps, and does not say with its number which rows to take."""
    for back in p.all("backward"):
        if not back.inside(loop):
            continue  # another training
        inner = back.loops[-1].node
        if not isinstance(inner, ast.For) or inner is loop.node or syntax.text(inner.iter).partition("(")[0] != "range":
            return False
        if isinstance(inner.iter, ast.Call) and len(inner.iter.args) > 1:
            return False
        target = {n.id for n in syntax.walk(inner.target) if isinstance(n, ast.Name)}
        if {w for t in target for w in words(t)} & {"epoch", "ep", "epochs", "episode", "iteration"}:
            continue
        if any(isinstance(n, ast.Name) and n.id in target for s in inner.body for n in syntax.walk(s)):
            return False
    return True


def _grown(p: Program, loop: LoopRun) -> bool:
    """Whether a set of rows that the loader in it reads is changed in the loop: active learning."""
    body = [n for s in getattr(loop.node, "body", ()) for n in syntax.walk(s)]
    changed = {
        n.value.id for n in body if isinstance(n, ast.Subscript) and _stored(n) and isinstance(n.value, ast.Name)
    }
    changed |= {n.target.id for n in body if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    changed |= {
        n.func.value.id
        for n in body
        if isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and n.func.attr in ("extend", "append", "update", "add")
        and isinstance(n.func.value, ast.Name)
    }
    picks = {
        n.id for s in body if isinstance(s, ast.Subscript) for n in syntax.walk(s.slice) if isinstance(n, ast.Name)
    }
    return bool(changed & picks)


def _stored(node: ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Store)
