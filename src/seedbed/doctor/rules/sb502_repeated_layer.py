"""[layer] * n repeats one layer: the weights are shared.

## What it does

Finds `[layer] * n`: one layer, n times.

## Why is this bad

All entries are the same object. The network has the parameters of one layer and shares them.

## Example

```python
blocks = nn.Sequential(*[nn.Linear(8, 8)] * 3)
```

## Use instead

```python
blocks = nn.Sequential(*[nn.Linear(8, 8) for _ in range(3)])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in sorted([*p.all("repeat"), *p.calls("ModuleList", "Sequential")], key=lambda e: e.seq):
        if event.kind == "repeat":
            boxes = [event.recv]
        else:
            last = event.name.rsplit(".", 1)[-1]
            boxes = list(event.args[:1]) if last in ("ModuleList", "Sequential") else []
        for box in boxes:
            for one in [box, *box.args] if box is not None else []:
                if one.kind not in ("list", "tuple", "iter") or not one.items or id(one.node) in seen:
                    continue
                weights = [
                    i
                    for i in one.items
                    if i.kind == "module"
                    and any(m.name.startswith(ownership.WEIGHTED) or "Norm" in m.name for m in methods.submodules(i))
                ]
                if not weights:
                    continue
                same = one.name == "repeat" and "repeat" in one.tags
                outside = one.name == "comprehension" and "literal" not in one.tags and _outside(one, weights[0])
                if same or outside:
                    seen.add(id(one.node))
                    yield _finding(p, one)
    for event in p.once("attribute"):
        if (
            event.recv is not None
            and event.recv.kind == "module"
            and event.args
            and event.args[0].name == "repeat"
            and event.args[0].items
            and id(event.args[0].node) not in seen
        ) and any(i.kind == "module" for i in event.args[0].items):
            yield _finding(p, event.args[0])
    yield from _appended(p)
    yield from _from_keys(p)


def _from_keys(p: Program) -> Iterator[Finding]:
    """``nn.ModuleDict(dict.fromkeys(names, nn.Linear(...)))``: one layer under all names."""
    calls = p.nodes(ast.Call)
    for outer in calls if p.source.says("fromkeys") else ():
        if syntax.text(outer.func).rsplit(".", 1)[-1] != "ModuleDict" or not outer.args:
            continue
        inner = outer.args[0]
        if not isinstance(inner, ast.Call) or not syntax.text(inner.func).endswith("dict.fromkeys"):
            continue
        layer = inner.args[1] if len(inner.args) > 1 else None
        if isinstance(layer, (ast.Call, ast.Name)):
            yield p.report(
                "SB502",
                (inner, p.source),
                "one layer is put under every name (dict.fromkeys): all entries share the same weights",
                why="fromkeys() makes the value once, so the entries are the same object",
                fix="Build a new layer for each entry: {name: nn.Linear(...) for name in names}",
                severity=q.doubtful(p),
            )


def _appended(p: Program) -> Iterator[Finding]:
    """A layer that is appended again and again in a loop."""
    for event in p.first_calls("append", "add_module"):
        if (
            event.name in (".append", ".add_module")
            and event.loops
            and event.recv is not None
            and event.recv.kind in ("list", "module")
            and event.args
        ):
            layer = event.args[-1]
            loop = event.loops[-1].node
            if any(n is loop for n in layer.loops):
                continue  # a function makes a new one in every round
            if (
                layer.kind == "module"
                and isinstance(event.node, ast.Call)
                and isinstance(event.node.args[-1], ast.Name)
                and layer.src is event.src
            ):
                start, end = getattr(loop, "lineno", 0), getattr(loop, "end_lineno", 0) or 0
                if (
                    not start <= layer.line <= end
                    and layer.copied is None
                    and isinstance(loop, ast.For)
                    and syntax.text(loop.iter).startswith("range")
                    and layer.var == syntax.text(event.node.args[-1])
                ) and any(m.name.startswith(ownership.WEIGHTED) for m in methods.submodules(layer)):
                    yield _finding(p, event)


def _outside(box: Val, layer: Val) -> bool:
    node = box.node
    if not isinstance(node, (ast.ListComp, ast.GeneratorExp)) or not isinstance(node.elt, ast.Name):
        return False
    targets = {n.id for g in node.generators for n in syntax.walk(g.target) if isinstance(n, ast.Name)}
    return node.elt.id not in targets


def _finding(p: Program, at: Event | Val) -> Finding:
    return p.report(
        "SB502",
        at,
        "one layer is repeated ([layer] * n): all entries share the same weights",
        why="the list holds the same layer (one module, one object) several times: the parameters of a single layer",
        fix="Build a new layer for each entry: [nn.Linear(...) for _ in range(n)] (or copy.deepcopy)",
        severity=q.doubtful(p),
    )
