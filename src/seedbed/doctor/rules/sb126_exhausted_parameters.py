"""The parameter generator is empty when the optimizer reads it.

## What it does

Finds a parameter generator (`model.parameters()`) that is read twice, also by a function that it is given to.

## Why is this bad

A generator is empty after one pass. The second reader gets nothing: clipping clips nothing, the second
optimizer trains nothing.

## Example

```python
model = nn.Linear(4, 1)
params = model.parameters()
optimizer = torch.optim.SGD(params, lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
params = list(model.parameters())
optimizer = torch.optim.SGD(params, lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
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

_JOINED = ("chain", "from_iterable")  # of itertools
_LAZY = frozenset(("zip", "enumerate", "map", "filter", "iter", "islice", *_JOINED))  # read nothing until they are read


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _by_argument(p)
    used: dict[int, Event] = {}
    if not any(
        v.var and v.copied is None and _spends(v) for v in (*p.of_kind("params", "iter"), *p.anywhere(*_JOINED))
    ):
        return
    seen: set[int] = set()
    for event in p.all("call", "clip", "loop", "comprehension"):
        values = [
            *event.args,
            *event.kwargs.values(),
            *([event.recv] if event.kind in ("loop", "comprehension") and event.recv is not None else []),
        ]
        if event.kind == "call" and event.name.rsplit(".", 1)[-1] in (
            "print",
            "type",
            "isinstance",
            "clip_grad_norm_",
            "clip_grad_value_",
            *_LAZY,
        ):
            continue
        if event.result is not None and event.result.kind == "optimizer":
            values += [held for one in values for held in _groups(one)]
        for val in (inner for one in values for inner in _read(one)):
            if val.kind not in ("params", "iter") and val.name not in _JOINED:
                continue
            if val.kind == "iter" and val.name == "filter" and not val.var and len(val.args) > 1:
                val = val.args[1]
            if not _spends(val) or "list" in val.tags or not val.var or val.copied is not None:
                continue
            first = used.setdefault(id(val), event)
            if first is event or first.node is event.node or id(event.node) in seen or not q.same_branch(first, event):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB126",
                val if val.line else event,
                f"the parameter generator {val.var} is already exhausted (empty) when it is read again",
                why=f"an iterator is consumed by one reading: line {first.line} has read it, so line {event.line} "
                "gets nothing",
                fix="Make a list of it: list(model.parameters()); or call model.parameters() again",
                related=(
                    (str(first.src.path), first.line, "the first reader"),
                    (str(event.src.path), event.line, "the second"),
                ),
            )


def _by_argument(p: Program) -> Iterator[Finding]:
    """``clip(model.parameters())`` where the function runs over its argument twice."""
    first: dict[int, Event] = {}
    seen: set[int] = set()
    for event in p.all("loop", "comprehension"):
        val, name = event.recv, _walked(event)
        if val is None or val.var or val.copied is not None or "list" in val.tags or not _spends(val) or not name:
            continue
        before = first.setdefault(id(val), event)
        again = any(before.node is r.node for r in event.loops)
        if before.node is event.node or not q.same_branch(before, event) or id(val.node) in seen or again:
            continue
        if not event.funcs or not before.funcs or event.funcs[-1].node is not before.funcs[-1].node:
            continue
        seen.add(id(val.node))
        made = syntax.text(val.node) if isinstance(val.node, ast.Call) else "model.parameters()"
        yield p.report(
            "SB126",
            val if val.line else event,
            f"{made} is a generator: {event.funcs[-1].name} reads it twice, and it is exhausted (empty) the second "
            "time",
            why=f"line {before.line} has read {name} to its end, so the loop at line {event.line} never runs: nothing "
            "is done there",
            fix=f"Give a list: list({made}); or write {name} = list({name}) at the start of {event.funcs[-1].name}",
            related=(
                (str(before.src.path), before.line, "the first reader"),
                (str(event.src.path), event.line, "the second"),
            ),
        )


def _walked(event: Event) -> str:
    """The name that a loop or comprehension runs over."""
    node = event.node
    nodes = [g.iter for g in node.generators] if isinstance(node, _COMPREHENSIONS) else [getattr(node, "iter", node)]
    names = [n.id for n in nodes if isinstance(n, ast.Name)]
    return names[0] if len(names) == 1 else ""


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


def _read(val: Val) -> tuple[Val, ...]:
    """What is read along with a value: the arguments of ``zip`` and ``enumerate``."""
    return val.args if val.kind == "iter" and val.name in ("zip", "enumerate") and not val.var else (val,)


def _groups(val: Val) -> list[Val]:
    """What an optimizer reads in the parameter groups that it gets."""
    held = [g.attrs.get("params") for g in val.items or () if g.kind == "dict"]
    return [v for v in held if v is not None]


def _spends(val: Val) -> bool:
    """Whether a value is a generator over parameters: it can be read once."""
    if val.kind == "params":
        return True
    if val.kind == "unknown" and val.name in _JOINED:
        return any(a.kind == "params" for a in ancestors(val, limit=12))
    if val.kind != "iter" or not (val.name in ("filter", "map") or isinstance(val.node, ast.GeneratorExp)):
        return False
    return any(a.kind == "params" for a in ancestors(val, limit=12))
