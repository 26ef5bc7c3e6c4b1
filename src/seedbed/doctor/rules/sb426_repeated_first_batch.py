"""Next(iter(loader)) in the loop gives a first batch every time.

## What it does

Finds `next(iter(loader))` inside the training loop.

## Why is this bad

A new iterator starts at the first batch every time: the rest of the data is never used.

## Example

```python
from torch.utils.data import DataLoader
loader = DataLoader(train_set, batch_size=10)
for step in range(1000):
    x, y = next(iter(loader))
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader
loader = DataLoader(train_set, batch_size=10)
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

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import syntax, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("next"):
        if event.name != "builtins.next" or not event.args or not event.loops or not isinstance(event.node, ast.Call):
            continue
        inner = event.node.args[0]
        if not isinstance(inner, ast.Call) or syntax.text(inner.func) != "iter" or not event.args[0].args:
            continue
        loader = event.args[0].args[0]
        if loader.kind in ("params", "state") or syntax.text(inner).rstrip("()").endswith(_WEIGHTS):
            continue  # next(iter(net.parameters())).device
        flag = loader.arg(2, "shuffle") if loader.kind == "loader" else None
        if not any(b.inside(event.loops[-1]) for b in p.all("backward")) or _only_looks(p, event):
            continue
        parts = [event.result, *(event.result.items or [])] if event.result is not None else []
        if not any(x is v for x in parts for e in training.forwards(p) for a in e.args for v in ancestors(a, limit=60)):
            continue
        learned = any(p.trained(x) for x in parts)
        shuffled = flag is not None and flag.const is True
        yield p.report(
            "SB426",
            event,
            "next(iter(loader)) in the loop makes a new iterator each time: it always gives a first batch",
            why="the same first batch comes every time (with shuffle=True a new random one), and most data "
            "is never visited in order",
            fix="Loop over the loader: for x, y in loader",
            severity=Severity.HINT
            if not learned or not _steps(p)
            else Severity.WARNING
            if shuffled
            else Severity.ERROR,
        )
    yield from _one_batch(p)


_WEIGHTS = (".parameters", ".named_parameters", ".buffers", ".named_buffers", ".children", ".modules")


def _steps(p: Program) -> bool:
    """Whether weights are updated anywhere: gradients of one batch may only be compared."""
    return bool(p.all("step", "scaler_step", "manual") or p.calls("step"))


def _only_looks(p: Program, event: Event) -> bool:
    """Whether weights are updated, but never in the loop: gradients of a batch are looked at there."""
    kinds = ("step", "scaler_step", "manual")
    return bool(p.all(*kinds)) and not any(e.inside(event.loops[-1]) for e in (*p.all(*kinds), *p.calls("step")))


def _one_batch(p: Program) -> Iterator[Finding]:
    """One batch, fetched before the loop, that every step trains on: a test of the code that was left in."""
    for event in p.first_calls("next"):
        if event.name != "builtins.next" or not event.args or event.result is None:
            continue
        loader = next((v for v in ancestors(event.args[0], limit=10) if v.kind == "loader"), None)
        backs = [b for b in p.all("backward") if b.loops and b.seq > event.seq and b.recv is not None]
        if loader is None or not backs or any(b.loops[-1] in event.loops for b in backs):
            continue
        size = loader.arg(1, "batch_size")
        if size is None or not isinstance(size.const, int) or not 1 < size.const <= 512:
            continue
        rows = {id(v) for v in (event.result, *(event.result.items or []))}
        fed = [b for b in backs if b.recv is not None and rows & {id(v) for v in ancestors(b.recv, limit=3000)}]
        if len(fed) != len(backs) or any(_visits(e, loader) for e in p.all("loop", "comprehension")):
            continue
        loop = next((f for f in fed[0].loops if f not in event.loops), fed[0].loops[-1])
        yield p.report(
            "SB426",
            event,
            "one batch, next(iter(loader)), is fetched before the loop and every step trains on that same batch",
            why=f"the loop at line {loop.line} never reads another batch, so the rest of the data is never seen and "
            "the model overfits this one",
            fix="Loop over the loader: for x, y in loader",
            related=((str(loop.src.path), loop.line, "the training loop"),),
            severity=Severity.WARNING,
        )


def _visits(event: Event, loader: Val) -> bool:
    """Whether a loop reads the whole loader for training."""
    stack = list(event.recv.options()) if event.recv is not None else []
    for _ in range(20):
        if not stack:
            return False
        one = stack.pop()
        if one is loader:
            return True
        if one.kind in ("iter", "phi", "list", "tuple", "unknown") and one.name != "range":
            stack += [*one.args, *(one.items or [])]
    return False
