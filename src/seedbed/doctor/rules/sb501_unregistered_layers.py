"""Layers in a plain list or dict are not registered.

## What it does

Finds layers that a module keeps in a plain Python list or dict.

## Why is this bad

`nn.Module` only sees attributes that are modules. `parameters()`, `to()` and `state_dict()` miss what is in
a list: these layers are not trained, moved or saved.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4) for _ in range(3)]

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("attribute"):
        if event.recv is None or event.recv.kind != "module" or not event.args or "patched" in event.recv.tags:
            continue  # setattr() under names that are made up registers layers too
        box = event.args[0]
        for one in box.options():
            if one.kind not in ("list", "dict", "tuple"):
                continue
            held = [*(one.items or []), *(one.attrs.values() if one.kind == "dict" else [])]
            held += [i for h in held for i in (h.items or []) if h.kind in ("list", "tuple")]
            layers = [
                h
                for h in held
                if (h.kind == "module" and _has_weights(h)) or (h.kind == "tensor" and h.name == "Parameter")
            ]
            if not layers or _hidden(event, one, layers) or _wrapped(p, event) or _spread(event):
                continue
            known = [s for name, a in event.recv.attrs.items() if a.kind == "module" for s in methods.submodules(a)]
            known += [v for a in event.recv.attrs.values() if a.kind == "module" for v in _handed(a)]
            if all(any(layer is k for k in known) for layer in layers) or any(
                any(layer is a for a in event.recv.attrs.values()) for layer in layers
            ):
                continue
            if any(
                e.name in (".add_module", ".register_module", ".register_parameter")
                for e in p.calls("add_module", "register_module", "register_parameter")
            ) or _by_text(event):
                continue
            yield p.report(
                "SB501",
                q.origin(event, one),
                f"self.{event.name} is a plain {one.kind} of layers: their parameters are not registered",
                why="model.parameters(), .to() and state_dict() do not see them, so they are not trained, "
                "moved or saved",
                fix=f"Use nn.{'ModuleDict' if one.kind == 'dict' else 'ModuleList'}(...)",
            )
            break


def _by_text(event: Event) -> bool:
    """Whether the class runs text as code (``exec("self.layer1 = layer")``), which may register what it likes."""
    owner = event.recv.owner if event.recv is not None else None
    nodes = [n for cls in (owner.lineage() if owner is not None else ()) for n in syntax.walk(cls.node)]
    return any(isinstance(n, ast.Call) and syntax.text(n.func) in ("exec", "eval") for n in nodes)


def _handed(module: Val) -> list[Val]:
    """What a container of the program's own got when it was made: its base registers that."""
    bases = module.owner.lib_bases() if module.owner is not None else []
    if not any(b.startswith("torch.nn.") and b.rsplit(".", 1)[-1] in _CONTAINERS for b in bases):
        return []
    return [s for a in module.args for v in ancestors(a, limit=60) for s in methods.submodules(v)]


def _wrapped(p: Program, event: Event) -> bool:
    """Whether a module takes the place of the list: ``self.layers = nn.ModuleList(self.layers)``."""
    arms = {(id(c[0]), c[1]) for c in event.conds}
    return any(
        e.name == event.name
        and e.seq > event.seq
        and q.same(e.recv, event.recv)
        and e.args[0].kind == "module"
        and {(id(c[0]), c[1]) for c in e.conds} <= arms
        for e in p.all("attribute")
        if e.args
    )


def _spread(event: Event) -> bool:
    """Whether the class gives the whole list to a container too: ``self.net = nn.Sequential(*self.layers)``."""
    owner = event.recv.owner if event.recv is not None else None
    for cls in owner.lineage() if owner is not None else ():
        for node in syntax.walk(cls.node):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            given = [a.value if isinstance(a, ast.Starred) else a for a in node.value.args]
            kept = any(syntax.text(t).startswith("self.") for t in node.targets)
            named = syntax.text(node.value.func).rsplit(".", 1)[-1] in _CONTAINERS
            if kept and named and any(syntax.text(a) == f"self.{event.name}" for a in given):
                return True
    return False


def _hidden(event: Event, box: Val, layers: list[Val]) -> bool:
    """Whether one module that was made elsewhere is put into a list of one: so that it is not registered."""
    owner = event.recv.owner if event.recv is not None else None
    if len(layers) != 1 or box.kind == "dict" or box.tags & {"each", "grown"} or owner is None:
        return False
    made, low, high = layers[0], owner.node.lineno, owner.node.end_lineno or owner.node.lineno
    return made.kind == "module" and not (made.src is owner.src and low <= made.line <= high)


def _has_weights(val: Val) -> bool:
    return any(m.name.startswith(ownership.WEIGHTED) or "Norm" in m.name for m in methods.submodules(val))
