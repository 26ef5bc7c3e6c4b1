"""Kept or averaged weights are never used.

## What it does

Finds best weights that are copied in memory and averaged models (EMA, SWA) that nothing ever reads.

## Why is this bad

The last weights are tested and saved, not the best or the averaged ones: the bookkeeping has no effect.

## Example

```python
import copy

model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best, best_state = float("inf"), None
for epoch in range(10):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    loss = F.cross_entropy(model(x_val), y_val).item()
    if loss < best:
        best, best_state = loss, copy.deepcopy(model.state_dict())
torch.save(model.state_dict(), "final.pt")
```

## Use instead

```python
import copy

model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best, best_state = float("inf"), None
for epoch in range(10):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    loss = F.cross_entropy(model(x_val), y_val).item()
    if loss < best:
        best, best_state = loss, copy.deepcopy(model.state_dict())
model.load_state_dict(best_state)
torch.save(model.state_dict(), "final.pt")
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.best import when_better
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    yield from _best(p)
    yield from _average(p)
    yield from _copies(p)
    yield from _shadows(p)


def _best(p: Program) -> Iterator[Finding]:
    """Weights that are copied in the loop under a condition, to a name that is never read."""
    places = [(n, v, e) for n, v, e in p.assigns] + [(e.name, e.args[-1], e) for e in p.all("attribute") if e.args]
    seen: set[str] = set()
    for name, val, event in places:
        if name in seen or not event.loops or not event.conds or not _weights(val):
            continue
        seen.add(name)
        reads = [n for n in q.everywhere(p, ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
        reads += [n for n in q.everywhere(p, ast.Attribute) if n.attr == name and isinstance(n.ctx, ast.Load)]
        if reads or re.search(rf"['\"]{re.escape(name)}['\"]", p.source.text) or "global " in p.source.text:
            continue
        if not any(e.seq > event.seq for e in (*training.evaluations(p), *p.all("save"))):
            continue
        if when_better(event) or "best" in words(name):
            what, why = f"the best weights are copied to {name}", "the weights of the last epoch, not the best ones"
        else:
            what, why = (
                f"the weights are copied to {name} during the training",
                "the last weights, and the copy has no effect",
            )
        as_read = name if val.kind == "state" or val.kind == "dict" else f"{name}.state_dict()"
        yield p.report(
            "SB619",
            event,
            f"{what} but never loaded back or saved: the last weights are used",
            why=f"after the loop the model still holds {why}",
            fix=f"After the loop: model.load_state_dict({as_read})",
        )


def _weights(val: object) -> bool:
    """Whether a value is a copy of a model's weights (or of the model)."""
    if not isinstance(val, Val):
        return False
    if "deepcopy" in val.tags and val.kind in ("state", "module"):
        return True
    if val.kind == "dict" and val.name == "comprehension":
        return any(v.kind == "state" for v in ancestors(val, limit=20)) and any(
            v.name in ("clone", "cpu") for v in ancestors(val, limit=20)
        )
    return False


def _average(p: Program) -> Iterator[Finding]:
    """An ``AveragedModel`` that is updated and never run, saved or copied."""
    for event in p.once("average"):
        swa = event.recv
        if swa is None or swa.kind != "module" or swa.name != "AveragedModel":
            continue
        used = [
            e
            for e in p.events
            if e.kind not in ("average", "assign", "attribute", "mode", "discard", "move")
            and any(v is not None and any(o is swa for o in v.options()) for v in (e.recv, *e.args))
            and e.name not in (".update_parameters", ".eval", ".train", ".to")
        ]
        inner = swa.attrs.get("module")
        used += [e for e in p.all("forward", "save", "call") if inner is not None and e.recv is inner]
        if not used and (training.evaluations(p) or p.all("save")):
            yield p.report(
                "SB619",
                event,
                f"the averaged model {swa.var or ''} (EMA/SWA) is updated but never used: the raw model is evaluated",
                why="evaluation and checkpoints use the last weights, so the averaging has no effect",
                fix=f"Evaluate and save {swa.var or 'the averaged model'} (after update_bn, if it has BatchNorm)",
                related=(q.place(swa),),
            )


def _copies(p: Program) -> Iterator[Finding]:
    """A deep copy that is averaged by hand and then forgotten: the raw model is measured."""
    for name, val, event in p.assigns:
        if val.kind != "module" or "deepcopy" not in val.tags or event.result is not val or event.loops:
            continue
        if not set(words(name)) & {"ema", "avg", "averaged", "swa", "shadow", "slow"}:
            continue
        parts = methods.submodules(val)
        moves = [
            e
            for e in p.all("inplace")
            if e.recv is not None and any(m is s for m in ownership.modules_of(e.recv) for s in parts)
        ]
        if not moves or not training.evaluations(p):
            continue
        used = [
            e for e in p.all("forward") if e.recv is not None and any(o is s for o in e.recv.options() for s in parts)
        ]
        used += [
            e
            for e in p.all("save", "restore", "return", "keep", "attribute", "call")
            if e.name not in ("builtins.zip", "builtins.list") and any(v is val for v in _inputs(e))
        ]
        if used:
            continue
        yield p.report(
            "SB619",
            moves[0],
            f"the averaged model {name} (EMA) is updated but never used: the raw model is evaluated",
            why="evaluation and checkpoints use the last weights, so the averaging has no effect",
            fix=f"Evaluate and save {name}",
            related=(q.place(val),),
        )


def _inputs(event: Event) -> list[Val]:
    given = [*event.args, *event.kwargs.values(), *([event.result] if event.kind == "return" and event.result else [])]
    return [v for a in given for v in ancestors(a, limit=30)] if not event.name.startswith("copy.") else []


def _shadows(p: Program) -> Iterator[Finding]:
    """``self.shadow[name].mul_(d).add_(w)`` in a class whose other methods, which would use it, are never called."""
    called = {id(f.node) for e in p.events for f in e.funcs}
    told: set[str] = set()
    for event in p.once("inplace"):
        owner = event.funcs[-1].node if event.funcs else None
        name = _shadow_name(event.node)
        if owner is None or not name or name in told or not event.loops or not training.evaluations(p):
            continue
        readers = [n for n in q.nodes(p, ast.Attribute) if n.attr == name and isinstance(n.ctx, ast.Load)]
        readers += [n for n in q.nodes(p, ast.Constant) if n.value == name]
        functions = list(q.nodes(p, ast.FunctionDef))
        around = [[g for g in functions if g.lineno <= n.lineno <= (g.end_lineno or 0)] for n in readers]
        elsewhere = [funcs for funcs in around if not any(g is owner for g in funcs)]
        if any(not funcs or any(id(g) in called for g in funcs) for funcs in elsewhere) or _handed_on(p, owner):
            continue
        told.add(name)
        yield p.report(
            "SB619",
            q.site(event),
            f"the averaged weights (EMA) in {name} are updated but never used: the raw model is evaluated",
            why="evaluation and checkpoints use the last weights, so the averaging has no effect",
            fix="Copy the averaged weights into the model before it is evaluated",
            related=((str(event.src.path), event.line, "the update"),),
        )


def _shadow_name(node: ast.AST) -> str:
    """The attribute under ``self.shadow[k].mul_(...).add_(...)``, when its name is that of an average."""
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if set(words(node.attr)) & _AVERAGES else ""
        node = node.func if isinstance(node, ast.Call) else node.value
    return ""


_AVERAGES = frozenset(["ema", "avg", "averaged", "swa", "shadow", "slow", "average"])


def _handed_on(p: Program, owner: ast.AST) -> bool:
    """Whether the object that keeps the average is given to something else, which may use it."""
    classes = [c for c in q.nodes(p, ast.ClassDef) if any(n is owner for n in c.body)]
    names = {c.name for c in classes}
    objects = {n for n, v, _ in p.assigns if v.kind == "instance" and getattr(v.owner, "name", "") in names}
    given = [a for c in q.nodes(p, ast.Call) for a in (*c.args, *(k.value for k in c.keywords))]
    given += [r.value for r in q.nodes(p, ast.Return) if r.value is not None]
    return not classes or any(isinstance(a, ast.Name) and a.id in objects for a in given)
