"""detach() does not copy: changing its result in place changes the data.

## What it does

Finds in-place changes of `x.detach()` or `x.data` where x is data that is used again.

## Why is this bad

`detach()` shares memory with its input. Noise or an attack that is added in place stays in the training data.

## Example

```python
def perturb(x, noise):
    adv = x.detach()
    adv += noise
    return adv
for x, y in loader:
    optimizer.zero_grad()
    adv = perturb(x, 0.1)
    loss = F.cross_entropy(model(x), y) + F.cross_entropy(model(adv), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
def perturb(x, noise):
    adv = x.detach().clone()
    adv += noise
    return adv
for x, y in loader:
    optimizer.zero_grad()
    adv = perturb(x, 0.1)
    loss = F.cross_entropy(model(x), y) + F.cross_entropy(model(adv), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_CHANGES = frozenset(("Add", "Sub", "Mult", "Div", "add_", "sub_", "mul_", "div_", "clamp_", "clip_"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("augment", "inplace"):
        if event.name not in _CHANGES or event.recv is None:
            continue
        for alias in _aliases(event.recv):
            data = alias.args[0] if alias.args else None
            if (
                data is None
                or id(alias.node) in seen
                or not _is_data(p, data)
                or not _used_again(p, data, event, alias)
                or _meant(p, alias, event)
            ):
                continue
            seen.add(id(alias.node))
            yield p.report(
                "SB197",
                alias,
                f"{alias.name} does not copy: {event.recv.var or 'the result'} is the same tensor as "
                f"{data.var or 'the data'}, and line {event.line} changes it in place",
                why="both share memory (share storage), so the change stays in the data, in every later epoch too",
                fix="Copy first: x.detach().clone()",
                related=((str(event.src.path), event.line, "the in-place change"),),
            )


def _aliases(val: Val) -> list[Val]:
    """``detach()`` and ``.data`` on the way to the memory that is changed."""
    found: list[Val] = []
    stack, count = [val], 0
    while stack and count < 30:
        one = stack.pop()
        count += 1
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.kind in ("tensor", "unknown") and one.name in ("detach", "data") and one.args:
            found.append(one)
        elif one.kind in ("tensor", "unknown") and one.name.endswith("_") and one.args:
            stack.append(one.args[0])
    return found


def _is_data(p: Program, data: Val) -> bool:
    """Whether a value is (a slice of) data: no result of a model and no parameter."""
    if data.grad or data.kind not in ("tensor", "unknown") or "numpy" in data.tags:
        return False
    parts = list(ancestors(data, limit=60))
    if any(v.name in ("parameter", "Parameter", "grad", "forward", "state") or v.owner is not None for v in parts):
        return False
    if any(v.name in ("clone", "zeros_like", "empty_like", "rand_like", "randn_like") for v in q.memory(data)):
        return False
    return any(v.name in ("batch", "part", "element") or v.kind in ("loader", "dataset") for v in parts) or _sliced(
        data
    )


def _sliced(data: Val) -> bool:
    """Whether a value is a slice of a table: a view of its memory."""
    return data.name == "getitem" and len(data.args) > 1 and data.args[1].kind == "slice"


def _meant(p: Program, alias: Val, event: Event) -> bool:
    """Whether the change is all that a statement is for: ``x.detach().mul_(0.9)``, ``p.data -= lr * g``."""
    own = event.node.target if isinstance(event.node, ast.AugAssign) else None
    if (
        own is not None
        and alias.node is not None
        and own.lineno == alias.line
        and syntax.text(own) == syntax.text(alias.node)
    ):
        return True
    return any(alias.node is n for e in p.all("discard") for n in syntax.walk(e.node))


def _used_again(p: Program, data: Val, event: Event, alias: Val) -> bool:
    """Whether the data is read after the change: by later operations, or as a slice of a table in a loop."""
    later = [u for u in q.users(p, data) if u is not alias and u.seq > event.clock]
    calls = [e for e in p.all("forward", "loss") if e.seq > event.seq and any(a is data for a in e.args)]
    return bool(later or calls or (_sliced(data) and event.loops))
