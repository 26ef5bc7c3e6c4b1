"""A number lands in the wrong option of the optimizer.

## What it does

Finds positional (or crossed) options of an optimizer that end up in another option than the one that was meant:
weight decay in the place of momentum, in the place of dampening, or in the place of eps.

## Why is this bad

`SGD(params, lr, 5e-4)` sets momentum=5e-4, not the weight decay. Nothing is decayed and there is no momentum.

## Example

```python
model = nn.Linear(4, 1)
weight_decay = 5e-4
optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay)
```

## Use instead

```python
model = nn.Linear(4, 1)
weight_decay = 5e-4
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=weight_decay)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_ORDER = {
    "SGD": ("params", "lr", "momentum", "dampening", "weight_decay", "nesterov"),
    "Adam": ("params", "lr", "betas", "eps", "weight_decay"),
    "AdamW": ("params", "lr", "betas", "eps", "weight_decay"),
    "RAdam": ("params", "lr", "betas", "eps", "weight_decay"),
    "NAdam": ("params", "lr", "betas", "eps", "weight_decay"),
    "RMSprop": ("params", "lr", "alpha", "eps", "weight_decay", "momentum"),
    "Adagrad": ("params", "lr", "lr_decay", "weight_decay"),
}
_MEANS = (
    ("weight_decay", re.compile(r"(^|_)(wd|decay|l2|reg|weight_?decay)($|_)", re.I)),
    ("momentum", re.compile(r"(^|_)(momentum|mom)($|_)", re.I)),
    ("lr", re.compile(r"(^|_)(lr|learning_?rate|step_?size)($|_)", re.I)),
    ("eps", re.compile(r"(^|_)(eps|epsilon)($|_)", re.I)),
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, _ in ownership.optimizers(p):
        order = _ORDER.get(optimizer.name)
        if order is None or optimizer.owner is not None or not isinstance(event.node, ast.Call):
            continue
        for option, val, node, by_place in _given(optimizer, event.node, order):
            meant = _meant(option, val, node, by_place)
            if meant:
                number = f"={val.const:g}" if isinstance(val.const, (int, float)) else ""
                how = "as positional argument" if by_place else "under this keyword"
                yield p.report(
                    "SB180",
                    event,
                    f"{optimizer.name} gets {option}{number} {how}, where {meant} seems to be meant",
                    why=f"the order of the arguments is {', '.join(order[1:])}: this sets {option}, and {meant} keeps "
                    "its default",
                    fix=f"Name it: {optimizer.name}(..., {meant}=...)",
                )
                break


def _given(optimizer: Val, call: ast.Call, order: tuple[str, ...]) -> Iterator[tuple[str, Val, ast.expr | None, bool]]:
    """Every option that a call sets: its name, its value, how it is written, and whether by place."""
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    for index, val in enumerate(optimizer.args[: len(call.args)]):
        if 0 < index < len(order) and not starred:
            yield order[index], val, call.args[index], True
    nodes = {k.arg: k.value for k in call.keywords}
    for name, val in optimizer.kwargs.items():
        yield name, val, nodes.get(name), False


def _meant(option: str, val: Val, node: ast.expr | None, by_place: bool) -> str:
    """Which option was meant, ``""`` where this one is fine."""
    said = _said(node)
    if said and said != option and option in ("lr", "momentum", "dampening", "weight_decay", "alpha", "eps"):
        return said
    number = val.const if isinstance(val.const, (int, float)) and not isinstance(val.const, bool) else None
    if number is None or said == option:
        return ""
    if option == "momentum" and 0 < number < (0.3 if by_place else 0.05):
        return "weight_decay"
    if not by_place or number <= 0:
        return ""
    if option == "dampening":
        return "weight_decay"
    if option == "eps" and number >= 1e-5:
        return "weight_decay"
    if option == "lr_decay" and number < 0.1:
        return "weight_decay"
    return "weight_decay" if option == "alpha" and number < 0.5 else ""


def _said(node: ast.expr | None) -> str:
    """What the name of an argument says about it, ``""`` where it has none or says nothing."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        name = node.slice.value
    found = [meant for meant, pattern in _MEANS if pattern.search(name)]
    return found[0] if len(found) == 1 else ""
