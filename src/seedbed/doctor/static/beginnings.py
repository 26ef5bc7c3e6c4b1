"""Where a resumed training begins: places at which a count from a checkpoint is lost before the loop starts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import ancestors

_MODELS = ("module", "object")
_COUNTS = re.compile("epoch|step|iter")


def warm(p: Program, restore: Event) -> bool:
    """Whether the weights of a model of another class are taken to begin with: that run is no continuation."""
    into = {o.name for o in restore.recv.options() if o.kind in _MODELS} if restore.recv is not None else set()
    held = [v for e in p.all("save") for a in e.args[:1] for v in (a, *a.attrs.values())]
    models = [m for v in held for a in (v.args if v.kind == "state" else (v,)) for m in a.options()]
    kinds = {m.name for m in models if m.kind in _MODELS}
    return bool(into and kinds) and "" not in into | kinds and not into & kinds


def thrown_away(p: Program) -> Iterator[tuple[Event, ast.Call, LoopRun]]:
    """Calls of a function that restores an optimizer and returns the count, whose result nobody takes."""
    for restore in p.once("restore"):
        if not restore.funcs or not restore.sites or restore.recv is None:
            continue
        if not any(o.kind == "optimizer" for o in restore.recv.options()):
            continue
        node, src = restore.sites[-1]
        if not isinstance(node, ast.Call) or not any(
            getattr(n, "value", None) is node for n in src.by_type().get(ast.Expr, ())
        ):
            continue
        func = restore.funcs[-1]
        given = [e.result for e in p.all("return") if e.funcs and e.funcs[-1] is func and e.result is not None]
        if not any(_counts(v.const) for r in given for v in ancestors(r, limit=12) if v.kind == "const"):
            continue
        for step in p.all("step", "scaler_step"):
            loop = _from_start(step, restore)
            if loop is not None and q.same(step.recv, restore.recv):
                yield restore, node, loop
                break


def _counts(key: object) -> bool:
    return isinstance(key, str) and _COUNTS.search(key.lower()) is not None


def _from_start(step: Event, restore: Event) -> LoopRun | None:
    """The outermost loop around a step that comes after the restore, if it counts from a number that is written."""
    around = {id(r.node) for r in restore.loops}
    loops = [r for r in step.loops if id(r.node) not in around]
    over = rounds.base_of_loop(loops[0]) if loops and step.seq > restore.seq else None
    if over is None or over.name != "range" or not over.args:
        return None
    return loops[0] if len(over.args) == 1 or over.args[0].kind == "const" else None


def overwritten(p: Program) -> Iterator[tuple[ast.For, str, ast.Assign]]:
    """Loops that set ``self.epoch`` to their own count, from 0, where a method had put the checkpoint's there."""
    for cls in p.nodes(ast.ClassDef):
        methods = [m for m in cls.body if isinstance(m, ast.FunctionDef)]
        loaded = {name: put for m in methods for name, put in _put(m) if _counts(name)}
        for name, put in loaded.items():
            loops = [(m, loop) for m in methods for loop in _taken(m, name)]
            if len(loops) == 1 and not _asked(p, cls, name, *loops[0]):
                yield loops[0][1], name, put


def _put(method: ast.FunctionDef) -> Iterator[tuple[str, ast.Assign]]:
    """``self.epoch = checkpoint["epoch"]`` in a method that restores an optimizer from a file."""
    calls = [syntax.text(n.func) for n in syntax.walk(method) if isinstance(n, ast.Call)]
    if not any(c.endswith("torch.load") for c in calls) or not any(_restores_optimizer(c) for c in calls):
        return
    for node in syntax.walk(method):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
            continue
        target, value = node.targets[0], node.value
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            value = value.left
        key = value.slice if isinstance(value, ast.Subscript) else None
        if syntax.text(target.value) == "self" and isinstance(key, ast.Constant) and _counts(key.value):
            yield target.attr, node


def _restores_optimizer(call: str) -> bool:
    return call.endswith("load_state_dict") and "optim" in call


def _taken(method: ast.FunctionDef, name: str) -> Iterator[ast.For]:
    """Loops of a method that count from 0 (or a written number) and write their count into the attribute."""
    for loop in syntax.walk(method):
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
            continue
        over = loop.iter
        while isinstance(over, ast.Call) and syntax.text(over.func).endswith(("tqdm", "trange")) and over.args:
            over = over.args[0]
        if not isinstance(over, ast.Call) or syntax.text(over.func) != "range" or not over.args:
            continue
        plain = len(over.args) == 1 or isinstance(over.args[0], ast.Constant)
        written = [s for s in loop.body if isinstance(s, ast.Assign) and syntax.text(s.targets[0]) == f"self.{name}"]
        own = [s for s in written if any(isinstance(n, ast.Name) and n.id == loop.target.id for n in ast.walk(s.value))]
        if plain and own and not any(n.attr == name for a in over.args for n in _attributes(a)):
            yield loop


def _asked(p: Program, cls: ast.ClassDef, name: str, method: ast.FunctionDef, loop: ast.For) -> bool:
    """Whether the attribute is read before the loop, compared in it, or read by somebody else."""
    inside = {id(n) for n in _attributes(cls)}
    if any(n.attr == name and id(n) not in inside for n in q.everywhere(p, ast.Attribute)):
        return True
    if any(n.attr == name and isinstance(n.ctx, ast.Load) and n.lineno < loop.lineno for n in _attributes(method)):
        return True
    tests = [n for n in syntax.walk(loop) if isinstance(n, ast.Compare)]
    return any(n.attr == name for t in tests for n in _attributes(t))


def _attributes(node: ast.AST) -> Iterator[ast.Attribute]:
    return (n for n in syntax.walk(node) if isinstance(n, ast.Attribute))
