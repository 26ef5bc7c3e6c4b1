"""A parameter group has an option that the optimizer does not know.

## What it does

Finds misspelt options in the parameter groups of an optimizer.

## Why is this bad

torch keeps unknown keys of a group without a word: the group trains with the default learning rate or decay.

## Example

```python
body, head = nn.Linear(4, 4), nn.Linear(4, 2)
optimizer = torch.optim.SGD([
    {"params": body.parameters(), "learning_rate": 1e-4},
    {"params": head.parameters()},
], lr=1e-2)
```

## Use instead

```python
body, head = nn.Linear(4, 4), nn.Linear(4, 2)
optimizer = torch.optim.SGD([
    {"params": body.parameters(), "lr": 1e-4},
    {"params": head.parameters()},
], lr=1e-2)
```
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

_REAL = ("lr", "weight_decay", "momentum", "betas", "eps", "dampening", "nesterov", "amsgrad", "alpha")
_ALIASES = {
    "learning_rate": "lr",
    "learningrate": "lr",
    "learning-rate": "lr",
    "learn_rate": "lr",
    "rate": "lr",
    "l_rate": "lr",
    "wd": "weight_decay",
    "decay": "weight_decay",
    "l2": "weight_decay",
    "weightdecay": "weight_decay",
    "weight-decay": "weight_decay",
    "regularization": "weight_decay",
    "beta": "betas",
    "beta1": "betas",
    "epsilon": "eps",
    "mom": "momentum",
    "param_lr": "lr",
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event, optimizer, _ in ownership.optimizers(p):
        if optimizer.owner is not None:
            continue  # an optimizer of the program's own may read any option
        for group in (v for a in optimizer.inputs() for v in ancestors(a, limit=200)):
            if group.kind != "dict" or "params" not in group.attrs or id(group.node) in seen:
                continue
            for key in group.attrs:
                meant = _meant(key)
                if meant is None or _read(p, key):
                    continue
                seen.add(id(group.node))
                value = group.attrs[key]
                shown = f" = {value.const}" if isinstance(value.const, (int, float)) else ""
                yield p.report(
                    "SB166",
                    _key_place(group, key) or event,
                    f'the parameter group\'s option "{key}"{shown} is unknown to {optimizer.name}: it is ignored, '
                    f"{meant} is meant",
                    why=f"unknown keys of a group are kept without a word; the group uses the default {meant}",
                    fix=f'Write "{meant}" instead of "{key}"',
                    related=((str(event.src.path), event.line, "the optimizer"),),
                )
    yield from _written(p)


def _written(p: Program) -> Iterator[Finding]:
    """``group["learning_rate"] = x``: a key that no optimizer reads."""
    for event in p.once("setitem"):
        key = event.args[0].const if event.args else None
        made = event.recv is not None and any(v.kind == "groups" for v in ancestors(event.recv, limit=8))
        meant = _meant(key) if isinstance(key, str) and made else None
        if meant is None or _read(p, str(key)):
            continue
        yield p.report(
            "SB166",
            event,
            f'param_groups has no option "{key}": what is set here is ignored, {meant} is meant',
            why="a parameter group is a dict that takes any key; the optimizer only reads the ones it knows",
            fix=f'Write group["{meant}"]',
        )


def _meant(key: str) -> str | None:
    """The option that a misspelt key was meant for."""
    low = key.lower()
    if key in _REAL or key in ("params", "name"):
        return None
    if low in _ALIASES:
        return _ALIASES[low]
    if low in _REAL:
        return low
    close = difflib.get_close_matches(low, _REAL, 1, 0.8)
    return close[0] if close and abs(len(close[0]) - len(low)) <= 2 and len(low) > 3 else None


def _read(p: Program, key: str) -> bool:
    """Whether the program itself reads this option of a group."""
    for node in q.nodes(p, ast.Subscript):
        if isinstance(node.slice, ast.Constant) and node.slice.value == key and isinstance(node.ctx, ast.Load):
            return True
    return any(
        isinstance(n.func, ast.Attribute)
        and n.func.attr in ("get", "pop")
        and bool(n.args)
        and isinstance(n.args[0], ast.Constant)
        and n.args[0].value == key
        for n in q.nodes(p, ast.Call)
    )


def _key_place(group: Val, key: str) -> tuple[ast.AST, Source] | None:
    node = group.node
    if group.src is None:
        return None
    if isinstance(node, ast.Dict):
        for k in node.keys:
            if isinstance(k, ast.Constant) and k.value == key:
                return k, group.src
    if isinstance(node, ast.Call):
        for word in node.keywords:
            if word.arg == key:
                return word.value, group.src
    return None
