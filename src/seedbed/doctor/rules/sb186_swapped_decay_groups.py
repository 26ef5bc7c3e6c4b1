"""Weight decay is given to the biases and norms, and none to the weights.

## What it does

Finds parameter groups in which the biases and norm scales get the weight decay and the weight matrices get none.

## Why is this bad

Weight decay is meant for the matrices. Here nothing keeps them small, and the biases and scales are pulled to zero.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 1))
decay = [p for n, p in model.named_parameters() if p.ndim >= 2]
no_decay = [p for n, p in model.named_parameters() if p.ndim < 2]
groups = [{"params": decay, "weight_decay": 0.0}, {"params": no_decay, "weight_decay": 0.05}]
optimizer = torch.optim.AdamW(groups, lr=1e-3)
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 1))
decay = [p for n, p in model.named_parameters() if p.ndim >= 2]
no_decay = [p for n, p in model.named_parameters() if p.ndim < 2]
groups = [{"params": decay, "weight_decay": 0.05}, {"params": no_decay, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-3)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choosing, ownership
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val

_DEFAULTS = {"AdamW": 0.01}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, _ in ownership.optimizers(p):
        groups = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
        members = [g for g in (groups.items or []) if g.kind == "dict"] if groups is not None else []
        plain = optimizer.kwargs.get("weight_decay")
        free: list[tuple[Val, Val]] = []
        decayed: list[tuple[Val, Val]] = []
        for group in members:
            source = group.attrs.get("params")
            amount = group.attrs.get("weight_decay", plain)
            if source is None:
                break
            (free if _is_zero(amount, optimizer.name) else decayed).append((group, source))
        matrices, chosen = next(((g, s) for g, s in free if _kind(p, g, s) == "matrix"), (None, None))
        vectors = next((g for g, s in decayed if _kind(p, g, s) == "vector"), None)
        if matrices is None or chosen is None or vectors is None or any(_kind(p, g, s) == "matrix" for g, s in decayed):
            continue
        yield p.report(
            "SB186",
            _split(p, matrices, chosen) or (matrices if matrices.line else event),
            "the weight decay groups are swapped: the biases and norms get the weight_decay, the weight matrices get "
            "none",
            why="weight decay regularizes the matrices; on biases and norm scales it only does harm",
            fix="Give weight_decay to the group of the matrices, and 0.0 to the biases and norms",
            related=((str(event.src.path), event.line, "the optimizer"),),
        )


def _split(p: Program, group: Val, source: Val) -> Event | Place | Val | None:
    """Where the parameters are sorted, if the list of those without decay is called so and got the matrices."""
    said = set(words(_name(group, source)))
    if not ({"no", "decay"} <= said or "nodecay" in said or "biases" in said):
        return None
    for event in p.all("keep"):
        if event.recv is not None and any(o is source for o in event.recv.options()):
            tests = [c[0] for c in event.conds if isinstance(c[0], ast.If)]
            return (tests[-1], event.src) if tests else event
    return source if source.name == "comprehension" and source.line and source.src is not None else None


def _is_zero(amount: Val | None, name: str) -> bool:
    if amount is None:
        return _DEFAULTS.get(name, 0.0) == 0.0
    return amount.kind == "const" and amount.const == 0


def _name(group: Val, source: Val) -> str:
    """How the parameters of a group are called where it is made: a name, an attribute or a key."""
    node = group.node
    value: ast.expr | None = None
    if isinstance(node, ast.Dict):
        keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
        value = node.values[keys.index("params")] if "params" in keys else None
    elif isinstance(node, ast.Call):
        value = next((k.value for k in node.keywords if k.arg == "params"), None)
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
        return str(value.slice.value)
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else source.var


def _kind(p: Program, group: Val, source: Val) -> str:
    """``matrix`` or ``vector`` for a list that holds only those, ``""`` where that is not known."""
    matrix, bias = choosing.picks(p, source, choosing.MATRIX), choosing.picks(p, source, choosing.BIAS)
    if matrix is True and bias is False:
        return "matrix"
    if matrix is False and bias is True:
        return "vector"
    if matrix is None and bias is None:
        said = words(_name(group, source))
        if {"no", "decay"} <= set(said) or "nodecay" in said or "biases" in said:
            return "vector"
        return "matrix" if tuple(said) in (("decay",), ("decay", "params"), ("matrices",)) else ""
    return ""
