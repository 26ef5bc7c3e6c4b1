"""A recurrent cell gets the same state in every time step.

## What it does

Finds `GRUCell`, `LSTMCell` or `RNNCell` called step by step with a state that the loop never changes, or with none.

## Why is this bad

The cell starts anew in every step, so the network has no memory: its output depends on the last input alone.

## Example

```python
cell, head = nn.GRUCell(4, 16), nn.Linear(16, 1)

def run(x):
    h = torch.zeros(len(x), 16)
    for t in range(x.size(1)):
        out = cell(x[:, t], h)
    return head(out)

run(torch.randn(8, 20, 4))
```

## Use instead

```python
cell, head = nn.GRUCell(4, 16), nn.Linear(16, 1)

def run(x):
    h = torch.zeros(len(x), 16)
    for t in range(x.size(1)):
        h = cell(x[:, t], h)
    return head(h)

run(torch.randn(8, 20, 4))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Program

_CELLS = ("GRUCell", "LSTMCell", "RNNCell")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for first in p.once("forward"):
        if first.name not in _CELLS or not first.loops or not isinstance(first.node, ast.Call):
            continue
        loop, given = first.loops[-1], [*first.node.args[1:2], *(k.value for k in first.node.keywords if k.arg == "hx")]
        if first.recv is None or first.recv.owner is not None or loop.src is not first.src:
            continue
        if not loop.line <= first.line <= (getattr(loop.node, "end_lineno", 0) or 0):
            continue  # the loop stands around a helper function
        if rounds.is_loader_loop(loop) or any(b.loops and b.loops[-1].node is loop.node for b in p.all("backward")):
            continue
        if given and _names(given[0]) & _changed(loop.node):
            continue
        how = "the same state in every time step" if given else "no state, so it starts from zeros in every time step"
        yield p.report(
            "SB874",
            first,
            f"{first.name} gets {how}: the hidden state is not carried over",
            why="the recurrent network has no memory: its output depends on the input of one step only",
            fix="Assign the new state in the loop: h = cell(x[:, t], h)",
            related=((str(first.src.path), loop.line, "the loop over time"),),
        )


def _names(node: ast.AST) -> set[str]:
    """Names and attributes that are read."""
    return {
        n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))
    }


def _changed(loop: ast.AST) -> set[str]:
    """Names and attributes that a loop assigns, appends to or counts over."""
    found: set[str] = set()
    for node in ast.walk(loop):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.NamedExpr, ast.comprehension)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found |= _names(target)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= _names(node.func.value)  # a method may change it
    return found
