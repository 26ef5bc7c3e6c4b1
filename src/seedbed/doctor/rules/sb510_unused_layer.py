"""A layer is defined but never used in forward().

## What it does

Finds layers that are defined in `__init__` but used nowhere.

## Why is this bad

Often another layer is used twice instead, or a step of the network was forgotten.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.drop = nn.Dropout(0.5)
        self.b = nn.Linear(8, 3)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.drop = nn.Dropout(0.5)
        self.b = nn.Linear(8, 3)

    def forward(self, x):
        return self.b(self.drop(torch.relu(self.a(x))))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import methods, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.layers import ACTIVATIONS
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        if cls.base != "module" or cls.method("forward") is None or len(cls.lineage()) > 1 or cls.src is not p.source:
            continue
        if any(b.rsplit(".", 1)[-1] != "Module" for b in cls.lib_bases()):
            continue
        init = cls.scope.vars.get("__init__")
        if init is None or init.kind != "func":
            continue
        if syntax.known(cls.node, "_reached_by_name", partial(_is_reached_by_name, cls.node)) or any(
            n.attr in ("get_submodule", "_modules") for n in q.nodes(p, ast.Attribute)
        ):
            continue
        used = q.in_file(p, "read attributes", lambda: _read(p))
        if any(c is not cls and cls in c.lineage() for c in p.classes):
            continue
        for target, value in _assignments(init.owner.node):
            if target.attr in used or not isinstance(value, ast.Call):
                continue
            made = [e.args[0] for e in p.all("attribute") if e.node is target and e.args]
            if not made or made[0].kind != "module" or made[0].name.endswith("Loss"):
                continue
            layer = made[0]
            if not (
                any(
                    m.name.startswith(ownership.WEIGHTED) or "Norm" in m.name or m.name.startswith("Dropout")
                    for m in methods.submodules(layer)
                )
                or layer.name in ("ReLU", "Tanh", "GELU", "Sigmoid")
            ):
                continue
            twice = _called_twice(cls, layer, p)
            place = _is_lost_place(p, cls, layer)
            sure = twice is not None or place or _fits_anywhere(cls, layer)
            yield p.report(
                "SB510",
                (twice if twice is not None else target, cls.src),
                f"self.{target.attr} ({layer.name}) is defined but never used in forward()",
                why="it has no influence on the output"
                + (
                    ", so no dropout is applied"
                    if layer.name.startswith("Dropout")
                    else ": attention takes its inputs in no order, and nothing else says their places"
                    if place
                    else "; often another layer is used in its place"
                ),
                fix=f"Call self.{target.attr} in forward(), or delete it",
                severity=q.doubtful(p) if sure and not _left_over(cls, layer) else Severity.HINT,
            )


def _is_lost_place(p: Program, cls: Class, layer: Val) -> bool:
    """Whether it is the position table of a model with attention, as wide as its only other embedding."""
    own = next((e.recv for e in p.all("attribute") if e.args and e.args[0] is layer and e.recv is not None), None)
    if layer.name != "Embedding" or own is None or own.kind != "module":
        return False
    parts = methods.submodules(own)
    tables = [m for m in parts if m.name.startswith("Embedding") and m is not layer]
    width = layer.number(1, "embedding_dim")
    if len(tables) != 1 or not isinstance(width, int) or tables[0].number(1, "embedding_dim") != width:
        return False
    if tables[0].number(0, "num_embeddings") == layer.number(0, "num_embeddings"):
        return False
    if not any(m.name.startswith(("MultiheadAttention", "TransformerEncoder")) for m in parts):
        return False
    if any("external" in m.tags or m.name.startswith(_ORDERED) for m in parts):
        return False
    owners = {id(o): o for o in (cls, *(m.owner for m in parts)) if hasattr(o, "node")}
    said = " ".join(syntax.text(o.node) for o in owners.values())
    return not any(w in said for w in _PLACES)


_ORDERED = ("LSTM", "GRU", "RNN", "Conv")
_PLACES = ("Parameter(", "register_buffer", "sin(", "arange", "cumsum", "rotary", "linspace", "range(", "F.embedding")


def _left_over(cls: Class, layer: Val) -> bool:
    """Whether an activation without weights is not used, while ``forward`` calls others: nothing is missing."""
    method = cls.method("forward")
    if layer.name not in ACTIVATIONS or layer.name == "PReLU" or method is None:
        return False
    calls = [n for n in syntax.walk(method.node) if isinstance(n, ast.Call)]
    names = [syntax.text(n.func).rpartition("self.")[2].lower() for n in calls if "self." in syntax.text(n.func)]
    bent = [n for n in names if any(w in n for w in _BENT)]
    return bool(bent) and len(bent) >= len(names) - len(bent) - 1


_BENT = ("relu", "gelu", "tanh", "sigmoid", "act", "silu", "swish", "non_linear", "nonlin")


def _read(p: Program) -> set[str]:
    """The attributes that the file reads."""
    numbers = {id(n.func) for n in q.nodes(p, ast.Call) if not n.args and not n.keywords}  # loss.item(): no layer
    return {
        n.attr
        for n in q.nodes(p, ast.Attribute)
        if isinstance(n.ctx, ast.Load)
        and not (n.attr == "item" and id(n) in numbers and syntax.text(n.value) != "self")
    }


def _is_reached_by_name(cls: ast.AST) -> bool:
    return any(_reaches_by_name(n) for n in syntax.walk(cls))


def _reaches_by_name(node: ast.AST) -> bool:
    """Whether a class finds its layers by their names."""
    if isinstance(node, ast.Name):
        return node.id in ("getattr", "setattr", "vars")
    names = ("children", "modules", "_modules", "named_children", "__dict__", "get_submodule")
    return isinstance(node, ast.Attribute) and node.attr in names


def _fits_anywhere(cls: Class, layer: Val) -> bool:
    """Whether it could stand in ``forward`` and is missing there: it gives as many features as it takes."""
    if layer.name.startswith("Dropout"):
        said = syntax.text(cls.node)
        return "dropout(" not in said and "dropout_p" not in said
    sizes = [layer.number(0), layer.number(1)]
    if layer.name in ("Embedding", "EmbeddingBag", "Bilinear"):
        return False
    weighted = layer.name.startswith(("Linear", "Conv"))
    return not weighted or None in sizes or sizes[0] == sizes[1]


def _assignments(body: ast.AST) -> Iterator[tuple[ast.Attribute, ast.expr]]:
    """Attributes that a function sets, tuples taken apart."""
    for node in syntax.walk(body):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = list(zip(target.elts, value.elts, strict=True))
        else:
            pairs = [(target, value)]
        yield from ((t, v) for t, v in pairs if isinstance(t, ast.Attribute))


def _called_twice(cls: Class, layer: Val, p: Program) -> ast.AST | None:
    """The second call of a layer of the same kind in ``forward``: probably meant for the unused one."""
    method = cls.method("forward")
    if method is None:
        return None
    seen: set[str] = set()
    for node in sorted(
        (n for n in syntax.walk(method.node) if isinstance(n, ast.Call)), key=lambda n: (n.lineno, n.col_offset)
    ):
        name = syntax.text(node.func)
        made = [e.args[0] for e in p.all("attribute") if e.args and f"self.{e.name}" == name]
        if name in seen and made and made[0].name == layer.name:
            return node
        seen.add(name)
    return None
