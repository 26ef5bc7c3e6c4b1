"""A loss that was put into a table of results is changed in place afterwards.

## What it does

Finds `logs["ce"] = loss` followed by `loss += ...`, where `loss` is a tensor.

## Why is this bad

`+=` on a tensor changes the tensor itself, and the table holds that very tensor. What is shown under the name of one
term is the sum of all terms.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    logs = {}
    loss = F.cross_entropy(model(x), y)
    logs["ce"] = loss
    loss += 0.1 * penalty(model)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(logs["ce"])
```

## Use instead

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    logs = {}
    loss = F.cross_entropy(model(x), y)
    logs["ce"] = loss.item()
    loss += 0.1 * penalty(model)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(logs["ce"])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    stored = [e for e in p.all("setitem") if len(e.args) > 1 and e.recv is not None and e.recv.kind == "dict"]
    kept = [e for e in p.all("keep") if e.name == "append" and e.args and e.recv is not None and e.recv.kind == "list"]
    seen: set[int] = set()
    for event in p.once("augment") if stored or kept else ():
        node, val = event.node, event.recv
        if val is None or not isinstance(node, ast.AugAssign) or not _is_tensor(val, event):
            continue
        if not isinstance(node.target, ast.Name) or not _in_place(event):
            continue
        yield from _listed(p, event, val, kept, seen)
        for one in stored:
            if not _shares(one.args[1], val) or one.seq > event.seq or one.funcs != event.funcs or id(one.node) in seen:
                continue
            if one.loops != event.loops or one.args[0].kind != "const" or _again(stored, one, event):
                continue
            seen.add(id(one.node))
            yield p.report(
                "SB897",
                one,
                f"{node.target.id} is stored under {one.args[0].const!r} and changed in place afterwards: the table "
                "shows the changed value",
                why="the table holds the tensor itself, and += on a tensor changes it where it is",
                fix=f"Store {node.target.id}.item() (or .detach().clone()), or write {node.target.id} = "
                f"{node.target.id} + …",
                related=((str(event.src.path), event.line, "changed here"),),
            )


def _shares(held: Val, val: Val) -> bool:
    """Whether what is stored is the tensor itself, or has its memory."""
    for _ in range(6):
        if held is val:
            return True
        if held.kind != "tensor" or held.name not in ("detach", "data", "view", "squeeze", "flatten") or not held.args:
            return False
        held = held.args[0]
    return False


def _listed(p: Program, event: Event, val: Val, kept: list[Event], seen: set[int]) -> Iterator[Finding]:
    """``losses.append(loss.detach())`` and ``loss /= n`` after it: the list is for showing, not for backward()."""
    name = event.node.target.id if isinstance(event.node, ast.AugAssign) else ""  # type: ignore[union-attr]
    for one in kept:
        if not _shares(one.args[0], val) or one.seq > event.seq or one.funcs != event.funcs or id(one.node) in seen:
            continue
        used = any(v is one.recv for b in p.all("backward") if b.recv is not None for v in ancestors(b.recv))
        if one.loops != event.loops or used:
            continue
        seen.add(id(one.node))
        yield p.report(
            "SB897",
            one,
            f"{name} goes into a list and is changed in place afterwards: the list shows the changed value (detach() "
            "shares its memory)",
            why="the list holds the very memory of the tensor, and an operator like /= changes it where it is",
            fix=f"Append {name}.item() (or .detach().clone()), or write {name} = {name} / …",
            related=((str(event.src.path), event.line, "changed here"),),
        )


def _is_tensor(val: Val, event: Event) -> bool:
    """Whether a value is certainly a tensor of torch: not a number, which ``+=`` leaves as it is."""
    if not all(o.kind == "tensor" for o in val.options()):
        return False
    inside = bool(event.funcs) and getattr(event.funcs[-1].node, "name", "") == "forward"
    plain = any("numpy" in v.tags or v.name in ("item", "numpy", "tolist") for v in ancestors(val, limit=60))
    return not plain and (inside or all(o.grad for o in val.options()))


def _in_place(event: Event) -> bool:
    """Whether the operator changes the tensor (by a tensor or a number: not a list or a text)."""
    other = event.args[0] if event.args else None
    return event.name in ("Add", "Sub", "Mult", "Div") and other is not None and other.kind in _NUMBERS


_NUMBERS = ("tensor", "const", "number", "unknown", "phi", "method")


def _again(stored: list[Event], one: Event, event: Event) -> bool:
    """Whether the entry is written anew after the change."""
    return any(
        e.seq > event.seq and e.recv is one.recv and e.args[0].kind == "const" and e.args[0].const == one.args[0].const
        for e in stored
    )
