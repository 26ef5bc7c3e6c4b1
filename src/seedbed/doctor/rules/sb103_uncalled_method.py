"""A method is named but not called: its parentheses are missing.

## What it does

Finds statements that name a method but do not call it, like `loss.backward` or `model.eval`.

## Why is this bad

Python evaluates the attribute and throws it away. Nothing happens and nothing is raised.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    effects = {
        "backward": "no gradient is computed, so the parameters never change",
        "step": "the weights (or the learning rate) never change",
        "zero_grad": "gradients accumulate across steps",
        "eval": "the model stays in training mode: dropout stays active",
        "train": "the model stays in eval mode",
        "update": "the loss scale is never updated",
        "cuda": "nothing is moved",
        "cpu": "nothing is moved",
        "reset": "the running state is not reset",
        "no_grad": "gradients are still recorded",
        "detach_": "the graph is not cut",
        "zero_": "nothing is set to zero",
        "unscale_": "gradients stay scaled",
        "requires_grad_": "requires_grad is not changed",
        "shuffle": "nothing is shuffled",
    }
    for event in p.once("discard"):
        node = getattr(event.node, "value", None)
        if not isinstance(node, ast.Attribute) or node.attr not in effects or (event.src.cells and _shown(event)):
            continue
        yield p.report(
            "SB103",
            event,
            f"{node.attr} is not called: its parentheses are missing",
            why=f"`{syntax.text(node)}` only names the method; {effects[node.attr]}",
            fix=f"Write {syntax.text(node)}()",
        )
    for event in p.once("save"):
        box = event.args[0] if event.args else None
        for val in [box, *(box.attrs.values() if box is not None else [])]:
            if val is not None and val.kind == "method" and val.name in ("state_dict", "parameters"):
                yield p.report(
                    "SB103",
                    val,
                    f"{val.name} is not called: its parentheses are missing, so the method itself is saved",
                    why="the checkpoint holds a bound method (and the whole object with it) instead of the weights",
                    fix=f"Write {val.name}()",
                )


def _shown(event: Event) -> bool:
    """Whether it is the last line of a notebook cell, which is displayed on purpose."""
    starts = [start for start, _ in event.src.cells]
    attr = getattr(getattr(event.node, "value", None), "attr", "")
    return event.line + 1 in starts and attr not in ("backward", "step", "zero_grad", "eval", "train")
