"""The initialisation has no effect.

## What it does

Finds initialisations that have no effect: a function that is never called, or one that works on a copy.

## Why is this bad

The weights keep torch's defaults although the code says otherwise.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def _init_weights(self):
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)

out = Net()(torch.randn(8, 4))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self._init_weights()

    def _init_weights(self):
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)

out = Net()(torch.randn(8, 4))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import builtin_calls, methods, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    names = {
        "init_weights",
        "_init_weights",
        "initialize_weights",
        "_initialize_weights",
        "weights_init",
        "weight_init",
        "init_params",
        "reset_weights",
        "_reset_parameters",
        "initialize",
        "init_weight",
    }
    for func in p.functions:
        if func.name not in names or func.calls or func.src is not p.source:
            continue
        uses = [
            n for n in q.nodes(p, ast.Name, ast.Attribute) if (n.id if isinstance(n, ast.Name) else n.attr) == func.name
        ]
        if uses or (not any(c.made for c in p.classes) and not p.trains):
            continue
        if func.owner is not None and any(not b.endswith("nn.Module") for b in func.owner.lib_bases()):
            continue
        yield p.report(
            "SB508",
            (func.node, func.src),
            f"{func.name}() is defined but never called: the initialisation has no effect",
            why="the weights keep torch's default initialisation",
            fix=f"Call it at the end of __init__ (or model.apply({func.name}))",
            severity=None if p.trains else Severity.HINT,  # a library's user may call it
        )
    for event in p.once("init"):
        copy = next((o for o in event.recv.options() if _is_copy(o)), None) if event.recv is not None else None
        if copy is not None and event.recv is not None and not _goes_somewhere(p, event):
            yield p.report(
                "SB508",
                event,
                f"nn.init.{event.name} works on a copy ({copy.name}()): the initialisation has no effect",
                why="the copy is changed and thrown away; the layer keeps its weights",
                fix="Pass the parameter itself: nn.init...(layer.weight)",
            )
    yield from _too_early(p)
    yield from _nothing_matches(p)
    yield from _outermost_only(p)


def _outermost_only(p: Program) -> Iterator[Finding]:
    """A loop over ``children()`` that tests for a kind of layer which stands deeper only."""
    loops: dict[int, list[Event]] = {}
    for event in p.all("loop"):
        if event.recv is not None and event.recv.name == "children":
            loops.setdefault(id(event.node), []).append(event)
    for runs in loops.values():
        missed = [_missed(p, event) for event in runs]
        if not all(missed):  # a helper may be called for several models, of which some have such layers
            continue
        inner = missed[0]
        yield p.report(
            "SB508",
            runs[0],
            f"children() gives the outermost parts only, and none of them is a {inner[0].name} that the test lets "
            "through: the initialisation has no effect",
            why=f"all {len(inner)} {inner[0].name} layers that are meant stand inside those parts and keep torch's "
            "default initialisation",
            fix="Loop over modules(), which also gives the layers inside containers",
            related=(q.place(inner[0]),),
        )


def _missed(p: Program, event: Event) -> list[Val]:
    """The layers of the kind that such a loop tests for, where no outermost part is one and all is known."""
    over, loop = event.recv, event.node
    model = over.args[0] if over is not None and over.args else None
    branch = loop.body[0] if isinstance(loop, ast.For) and len(loop.body) == 1 else None
    if model is None or model.kind != "module" or not isinstance(branch, ast.If) or branch.orelse:
        return []
    body = " ".join(syntax.text(s) for s in branch.body)
    target = syntax.text(loop.target) if isinstance(loop, ast.For) else ""
    kind, left_out = _tested(p, branch.test, target, model)
    if kind is None or not ("init." in body or ".data" in body or "reset_parameters" in body):
        return []
    parts = [m for m in methods.submodules(model)[1:] if not any(m is o for o in left_out)]
    near = [v for v in (*model.attrs.values(), *(model.items or ())) if methods.submodules(v)]
    known = {id(m): builtin_calls.is_instance(m, kind) for m in parts}
    if None in known.values() or any(v.kind == "phi" or known.get(id(v)) for v in near):
        return []
    return [m for m in parts if known[id(m)]]


def _tested(p: Program, test: ast.expr, name: str, model: Val) -> tuple[Val | None, list[Val]]:
    """What ``isinstance(m, Kind) and m is not self.out`` asks for: the kind, and the parts that are left out."""
    left_out: list[Val] = []
    kind: Val | None = None
    for one in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
        if isinstance(one, ast.Compare) and len(one.ops) == 1 and isinstance(one.ops[0], ast.IsNot):
            other = one.comparators[0]
            part = model.attrs.get(other.attr) if isinstance(other, ast.Attribute) else None
            if syntax.text(one.left) != name or part is None:
                return None, []
            left_out.append(part)
            continue
        calls = [e for e in p.calls("isinstance") if e.node is one and len(e.args) == 2]
        if kind is not None or not calls or not isinstance(one, ast.Call) or syntax.text(one.args[0]) != name:
            return None, []
        kind = calls[0].args[1]
    return kind, left_out


def _nothing_matches(p: Program) -> Iterator[Finding]:
    """``model.apply(init)`` with a function for layers that the model does not have."""
    for event in p.once("apply"):
        func = event.args[0].owner if event.args and event.args[0].kind == "func" else None
        model = event.recv
        if func is None or model is None or model.kind != "module" or not isinstance(func.node, ast.FunctionDef):
            continue
        text = syntax.text(func.node)
        parts = methods.submodules(model)
        if "isinstance" not in text or not ("init." in text or ".data" in text) or len(parts) > 30:
            continue
        if any("external" in m.tags or (m.owner is None and m.items is None and not m.line) for m in parts):
            continue
        done = [e for e in p.all("init", "inplace", "attribute") if any(f is func for f in e.funcs)]
        if done or not _has_weights(model) or not any(isinstance(n, ast.If) for n in func.node.body):
            continue
        kinds = sorted({m.name for m in parts if m.name.startswith(ownership.WEIGHTED)})
        yield p.report(
            "SB508",
            (func.node, func.src),
            f"{func.name}() matches no layer of the model ({', '.join(kinds)}): the initialisation has no effect",
            why="isinstance() is false for every layer, so all weights keep torch's default initialisation",
            fix="Test for the layers that the model has",
            related=((str(event.src.path), event.line, "apply"),),
        )


def _is_copy(val: Val) -> bool:
    return val.kind in ("tensor", "unknown") and val.name in ("clone", "detach_clone", "tensor", "cpu_copy", "numpy")


def _goes_somewhere(p: Program, event: Event) -> bool:
    """Whether the copy is put to use after it was initialised."""
    made = {id(v) for v in (event.recv, event.result) if v is not None}
    return any(
        e.seq > event.seq and any(id(v) in made for a in (*e.args, *e.kwargs.values()) for v in ancestors(a, limit=30))
        for e in p.all("call", "inplace", "attribute", "forward", "setitem", "keep", "return")
        if e.node is not event.node
    )


_VISITS = (".apply", ".modules", ".parameters", ".named_parameters", ".named_modules", ".children")


def _too_early(p: Program) -> Iterator[Finding]:
    """``self.apply(init)`` (or a loop over ``self.modules()``) in ``__init__``, before the layers are made."""
    seen: set[int] = set()
    for event in p.all("call"):
        me = event.recv
        if event.name not in _VISITS or me is None or me.kind != "module" or me.owner is None or id(event.node) in seen:
            continue
        if not any(f.name == "__init__" and f.owner in me.owner.lineage() for f in event.funcs):
            continue
        parts = [e for e in p.all("attribute") if e.recv is me and e.args and _has_weights(e.args[0])]
        later = [e for e in parts if e.seq > event.seq and any(f.name == "__init__" for f in e.funcs)]
        if not later or any(e.seq < event.seq for e in parts) or me.items:
            continue
        if event.name != ".apply" and not _initialises(event):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB508",
            event,
            f"{event.name[1:]}() initialises the layers before they exist (line {later[0].line} makes the first): "
            "it has no effect",
            why="no modules are registered yet when it runs, so every layer keeps torch's default initialisation",
            fix="Move the call to the end of __init__, after the last layer",
            related=((str(later[0].src.path), later[0].line, "the first layer"),),
        )


def _initialises(event: Event) -> bool:
    """Whether the function that visits the parts sets weights."""
    body = syntax.text(event.funcs[-1].node) if event.funcs else ""
    return "init." in body or ".data" in body or "normal_(" in body or "uniform_(" in body


def _has_weights(val: Val) -> bool:
    return val.kind == "module" and any(m.name.startswith(ownership.WEIGHTED) for m in methods.submodules(val))
