"""Runs a program on abstract values: statements, scopes, branches and loops. Nothing of it is imported."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.doctor.static import expressions
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Cond, Event, LoopRun, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, const, join, unknown

if TYPE_CHECKING:
    from seedbed.doctor.static.project import Project

BUDGET = 60_000
DEPTH = 14


class BudgetError(Exception):
    """The abstract run has used up its budget; what was seen until here counts."""


@dataclass(eq=False)
class Scope:
    """Names of a module, function or class body."""

    vars: dict[str, Val] = field(default_factory=dict)
    outer: Scope | None = None
    shared: set[str] = field(default_factory=set)
    src: Source | None = None

    def find(self, name: str) -> Val | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.vars:
                return scope.vars[name]
            scope = scope.outer
        return None

    def owner(self, name: str) -> Scope:
        """The scope that a ``global`` or ``nonlocal`` name lives in."""
        scope = self.outer
        while scope is not None:
            if name in scope.vars or scope.outer is None:
                return scope
            scope = scope.outer
        return self


@dataclass(eq=False)
class Func:
    """A function of the program."""

    node: Any
    scope: Scope
    src: Source
    owner: Class | None = None
    calls: int = 0

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "<lambda>")

    @property
    def decorators(self) -> set[str]:
        names = set()
        for d in getattr(self.node, "decorator_list", ()):
            d = d.func if isinstance(d, ast.Call) else d
            names.add(d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", ""))
        return names


@dataclass(eq=False)
class Class:
    """A class of the program; ``base`` is its role: module, dataset, function, instance."""

    node: ast.ClassDef
    scope: Scope
    src: Source
    bases: list[Val]
    base: str = "instance"
    made: int = 0

    @property
    def name(self) -> str:
        return self.node.name

    def lineage(self) -> list[Class]:
        """The class and its ancestors that are part of the program."""
        found: list[Class] = [self]
        for b in self.bases:
            if b.kind == "class" and b.owner is not self:
                found += [c for c in b.owner.lineage() if c not in found]
        return found

    def method(self, name: str) -> Func | None:
        """The method ``name``, its own or inherited."""
        for cls in self.lineage():
            val = cls.scope.vars.get(name)
            if val is not None and val.kind == "func":
                func: Func = val.owner
                return func
        return None

    def attribute(self, name: str) -> Val | None:
        """A class attribute, its own or inherited."""
        for cls in self.lineage():
            if name in cls.scope.vars:
                return cls.scope.vars[name]
        return None

    def lib_bases(self) -> list[str]:
        """Dotted names of library classes that it derives from."""
        return [b.name for cls in self.lineage() for b in cls.bases if b.kind == "lib"]


class Interp:
    """One abstract run. Holds the program's state: scopes, modes of modules, branches and loops around."""

    def __init__(self, project: Project, source: Source, program: Program) -> None:
        self.project = project
        self.src = source
        self.program = program
        self.scope = Scope(src=source)
        self.loops: list[LoopRun] = []
        self.rounds: list[int] = []
        self.funcs: list[Func] = []
        self.conds: list[Cond] = []
        self.grads: list[bool] = [True]
        self.autocasts: list[Val] = []
        self.modes: dict[int, str] = {}
        self.returns: list[list[Val]] = []
        self.yields: list[list[Val]] = []
        self.budget = BUDGET
        self.forward_depth = 0
        self.keep: list[Val] = []  # so that ids of values stay unique
        self.quiet = 0
        self.sites: list[tuple[ast.AST, Source]] = []
        self.strict = project.strict

    # ---- events -------------------------------------------------------------------------------

    def emit(self, kind: str, name: str, node: ast.AST, **fields: Any) -> Event:
        """Record an event at the current place."""
        event = Event(
            kind,
            name,
            node,
            self.src,
            loops=tuple(self.loops),
            rounds=tuple(self.rounds),
            funcs=tuple(self.funcs),
            conds=tuple(self.conds),
            grad=self.grads[-1],
            autocast=self.autocasts[-1] if self.autocasts else None,
            seq=len(self.program.events),
            depth=self.forward_depth,
            sites=tuple(self.sites),
            **fields,
        )
        if not self.quiet:
            self.program.events.append(event)
        return event

    def tensor(self, name: str, node: ast.AST, *args: Val, **kwargs: Val) -> Val:
        """A tensor made by the operation ``name``; it carries a graph if an input does."""
        val = Val("tensor", name, node, self.src)
        val.args = args
        val.kwargs = kwargs
        if self.grads[-1]:
            val.grad = any(a.grad for a in val.inputs())
        return val

    # ---- statements ---------------------------------------------------------------------------

    def run(self, body: list[ast.stmt]) -> str:
        """Execute statements; returns how they end: ``""``, return, break, continue, raise or mixed."""
        for statement in body:
            handler = STATEMENTS.get(type(statement))
            if handler is None:
                continue
            self.budget -= 1
            if self.budget < 0:
                raise BudgetError
            try:
                end = handler(self, statement)
            except BudgetError:
                raise
            except Exception:
                # code that the reader does not understand must never stop it
                if self.strict:
                    raise
                continue
            if end:
                return end
        return ""

    def eval(self, node: ast.expr | None) -> Val:
        """The abstract value of an expression."""
        if node is None:
            return const(None)
        self.budget -= 1
        if self.budget < 0:
            raise BudgetError
        handler = expressions.EXPRESSIONS.get(type(node))
        return handler(self, node) if handler is not None else unknown("", node, self.src)

    # ---- names --------------------------------------------------------------------------------

    def bind(self, name: str, val: Val, node: ast.AST) -> None:
        """Give a value a name in the current scope."""
        if not val.var and val.kind != "lib":
            val.var = name
        if not val.split and val.kind in ("tensor", "loader", "dataset") and val.shape != ():
            val.split = split_of(name)
        scope = self.scope.owner(name) if name in self.scope.shared else self.scope
        scope.vars[name] = val
        event = self.emit("assign", name, node, result=val)
        self.program.assigns.append((name, val, event))

    def assign(self, target: ast.expr, val: Val) -> None:
        """Assign a value to a name, attribute, item or a tuple of them."""
        if isinstance(target, ast.Name):
            self.bind(target.id, val, target)
        elif isinstance(target, (ast.Tuple, ast.List)):
            star = next((i for i, t in enumerate(target.elts) if isinstance(t, ast.Starred)), None)
            for index, part in enumerate(target.elts):
                if isinstance(part, ast.Starred):
                    self.assign(part.value, unknown("star", part, self.src, val))
                elif star is not None and index > star:
                    self.assign(part, unknown("star", part, self.src, val))
                else:
                    self.assign(part, expressions.item_of(self, val, index, part, len(target.elts)))
        elif isinstance(target, ast.Attribute):
            expressions.set_attribute(self, target, val)
        elif isinstance(target, ast.Subscript):
            expressions.set_item(self, target, val)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, val)

    # ---- branches -----------------------------------------------------------------------------

    def branch(self, node: ast.AST, test: Val, arms: list[Callable[[], str]]) -> str:
        """Run alternative arms from the same state and join what they leave."""
        before, modes = dict(self.scope.vars), dict(self.modes)
        ends: list[str] = []
        left: list[tuple[dict[str, Val], dict[int, str]]] = []
        for number, arm in enumerate(arms):
            self.scope.vars, self.modes = dict(before), dict(modes)
            self.conds.append((node, number, test))
            try:
                end = arm()
            finally:
                self.conds.pop()
            ends.append(end)
            if not end:
                left.append((self.scope.vars, self.modes))
        if not left:
            self.scope.vars, self.modes = before, modes
            return ends[0] if len(set(ends)) == 1 else "mixed"
        names, merged = left[0]
        for other, other_modes in left[1:]:
            names = {
                k: join(names.get(k, other.get(k)), other.get(k, names.get(k))) for k in dict.fromkeys([*names, *other])
            }
            merged = {
                k: merged.get(k, "") if merged.get(k, "") == other_modes.get(k, "") else "mixed"
                for k in dict.fromkeys([*merged, *other_modes])
            }
        self.scope.vars, self.modes = names, merged
        return ""


def _expr(run: Interp, node: ast.Expr) -> str:
    if isinstance(node.value, ast.Call):
        node.value._statement = True  # type: ignore[attr-defined]
    val = run.eval(node.value)
    if not isinstance(node.value, (ast.Yield, ast.YieldFrom, ast.Await)):
        run.emit("discard", val.name, node, result=val)
    return ""


def _assign(run: Interp, node: ast.Assign) -> str:
    val = run.eval(node.value)
    for target in node.targets:
        run.assign(target, val)
    return ""


def _ann_assign(run: Interp, node: ast.AnnAssign) -> str:
    if node.value is not None:
        run.assign(node.target, run.eval(node.value))
    return ""


def _aug_assign(run: Interp, node: ast.AugAssign) -> str:
    old = run.eval(_as_load(node.target))
    new = run.eval(node.value)
    val = expressions.binary(run, node, type(node.op).__name__, old, new)
    run.emit("augment", type(node.op).__name__, node, recv=old, args=(new,), result=val)
    if type(node.op).__name__ in ("Sub", "Add") and expressions.uses_gradient(new):
        run.emit("manual", type(node.op).__name__, node, recv=old, args=(new,))
    if old.kind == "list" and new.items is not None and old.items is not None:
        old.items.extend(new.items)
        val = old
    run.assign(node.target, val)
    return ""


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target


def _if(run: Interp, node: ast.If) -> str:
    test = run.eval(node.test)
    known = expressions.truth(test)
    if known is not None:
        return run.run(node.body if known else node.orelse)
    return run.branch(node, test, [lambda: run.run(node.body), lambda: run.run(node.orelse)])


def _loop(
    run: Interp, node: Any, over: Val | None, start: Callable[[], None], unrolled: list[Val] | None = None
) -> str:
    """Run the body twice (once when deeply nested): the second round sees what the first one left."""
    outer = run.loops[-1] if run.loops else None
    frame = LoopRun(node, run.src, over, tuple(run.conds), outer)
    run.emit("loop", type(node).__name__, node, recv=over)
    _forget_counters(run, node)
    run.loops.append(frame)
    end = ""
    # a forward's own loops build layers of the same kind: one round is enough
    if unrolled is not None:
        for number, item in enumerate(unrolled):
            run.rounds.append(number)
            try:
                run.assign(node.target, item)
                end = run.run(node.body)
            finally:
                run.rounds.pop()
            if end in ("break", "return", "raise"):
                break
        run.loops.pop()
        return "" if end in ("break", "continue", "mixed") else end or run.run(node.orelse)
    rounds = 2 if len(run.loops) <= 2 and not run.forward_depth and _has_work(node) else 1
    for number in range(rounds):
        run.rounds.append(number)
        try:
            start()
            end = run.run(node.body)
        finally:
            run.rounds.pop()
        if end in ("break", "return", "raise"):
            break
    run.loops.pop()
    if end in ("break", "continue", "mixed"):
        end = ""
    if end:
        return end
    return run.run(node.orelse)


def _forget_counters(run: Interp, node: ast.AST) -> None:
    """Numbers that the body counts up are not the constants that they start with."""
    for part in ast.walk(node):
        target: ast.expr | None = part.target if isinstance(part, ast.AugAssign) else None
        if isinstance(part, ast.Assign) and len(part.targets) == 1 and isinstance(part.value, ast.BinOp):
            left, first = part.value.left, part.targets[0]
            if isinstance(left, ast.Name) and isinstance(first, ast.Name) and left.id == first.id:
                target = first
        if isinstance(target, ast.Name):
            box, key = run.scope.owner(target.id).vars if target.id in run.scope.shared else run.scope.vars, target.id
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = run.scope.find(target.value.id)
            box, key = (owner.attrs, target.attr) if owner is not None else ({}, "")
        else:
            continue
        old = box.get(key)
        if old is not None and old.kind == "const" and type(old.const) in (int, float):
            made = Val("number", "running", old.node, old.src)
            made.var = old.var or key
            box[key] = made


def _has_work(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) for n in ast.walk(node))


def _for(run: Interp, node: ast.For | ast.AsyncFor) -> str:
    over = run.eval(node.iter)
    if over.kind in ("list", "tuple") and over.items is not None and not over.items and "each" not in over.tags:
        return ""  # an empty literal, grown elsewhere, is not known to stay empty

    def start() -> None:
        run.assign(node.target, expressions.element(run, over, node.target))

    return _loop(run, node, over, start, expressions.unroll(over, node, run))


def _while(run: Interp, node: ast.While) -> str:
    def start() -> None:
        run.eval(node.test)

    if expressions.truth(run.eval(node.test)) is False:
        return ""
    return _loop(run, node, None, start)


def _return(run: Interp, node: ast.Return) -> str:
    val = run.eval(node.value)
    if run.returns:
        run.returns[-1].append(val)
    run.emit("return", "", node, result=val)
    return "return"


def _break(run: Interp, node: ast.Break) -> str:
    run.emit("break", "", node)
    return "break"


def _continue(run: Interp, node: ast.Continue) -> str:
    run.emit("continue", "", node)
    return "continue"


def _raise(run: Interp, node: ast.Raise) -> str:
    if node.exc is not None:
        run.eval(node.exc)
    return "raise"


def _try(run: Interp, node: Any) -> str:
    end = run.run(node.body)
    if not end:
        end = run.run(node.orelse)
    for handler in node.handlers:
        run.emit("catch", "", handler, args=())

        def arm(handler: Any = handler) -> str:
            if handler.name:
                run.bind(handler.name, unknown("exception", handler, run.src), handler)
            return run.run(handler.body)

        run.branch(handler, unknown("caught"), [arm, lambda: ""])
    final = run.run(node.finalbody)
    return final or ("" if node.handlers and end == "raise" else end)


def _with(run: Interp, node: ast.With | ast.AsyncWith) -> str:
    grads, casts = len(run.grads), len(run.autocasts)
    for item in node.items:
        val = run.eval(item.context_expr)
        expressions.enter(run, val)
        if item.optional_vars is not None:
            run.assign(item.optional_vars, val)
    try:
        return run.run(node.body)
    finally:
        del run.grads[grads:], run.autocasts[casts:]


def _function(run: Interp, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    func = Func(node, run.scope, run.src)
    val = Val("func", node.name, node, run.src)
    val.owner = func
    for decorator in node.decorator_list:
        run.quiet += 1
        try:
            made = run.eval(decorator)
        finally:
            run.quiet -= 1
        if made.kind == "func" and made.owner is not func:
            val.tags.add("wrapped")
    run.program.functions.append(func)
    run.scope.vars[node.name] = val
    return ""


def _class(run: Interp, node: ast.ClassDef) -> str:
    scope = Scope(outer=run.scope, src=run.src)
    cls = Class(node, scope, run.src, [run.eval(b) for b in node.bases])
    cls.base = expressions.role(cls)
    val = Val("class", node.name, node, run.src)
    val.owner = cls
    outer, run.scope = run.scope, scope
    try:
        run.run(node.body)
    finally:
        run.scope = outer
    for member in scope.vars.values():
        if member.kind == "func" and member.owner.scope is scope:
            member.owner.owner = cls
            member.owner.scope = outer
    if "dataclass" in {getattr(d, "id", getattr(getattr(d, "func", None), "id", "")) for d in node.decorator_list}:
        val.tags.add("dataclass")
        cls.base = "dataclass"
    run.program.classes.append(cls)
    run.scope.vars[node.name] = val
    return ""


def _import(run: Interp, node: ast.Import) -> str:
    for alias in node.names:
        name = alias.name if alias.asname else alias.name.split(".")[0]
        run.scope.vars[alias.asname or name] = run.project.module(run, name, 0)
        if not alias.asname and "." in alias.name:
            run.project.module(run, alias.name, 0)
    return ""


def _import_from(run: Interp, node: ast.ImportFrom) -> str:
    module = run.project.module(run, node.module or "", node.level)
    for alias in node.names:
        if alias.name == "*":
            if module.kind == "namespace":
                run.scope.vars.update({k: v for k, v in module.owner.vars.items() if not k.startswith("_")})
            elif module.name in (
                "torch.nn",
                "torch.nn.functional",
                "torch",
                "torch.optim",
                "torch.utils.data",
            ):
                run.scope.vars.update(run.project.star(module.name))
            continue
        found = None
        if module.kind == "namespace":
            found = module.owner.vars.get(alias.name)
            if found is None:
                name = f"{node.module}.{alias.name}" if node.module else alias.name
                found = run.project.module(run, name, node.level)
        if found is None:
            found = Val("lib", f"{module.name}.{alias.name}" if module.name else alias.name, node, run.src)
        run.scope.vars[alias.asname or alias.name] = found
    return ""


def _global(run: Interp, node: ast.Global | ast.Nonlocal) -> str:
    run.scope.shared.update(node.names)
    return ""


def _delete(run: Interp, node: ast.Delete) -> str:
    for target in node.targets:
        run.emit("delete", "", node, recv=run.eval(_as_load(target)))
    return ""


def _match(run: Interp, node: ast.Match) -> str:
    subject = run.eval(node.subject)
    return run.branch(node, subject, [lambda c=c: run.run(c.body) for c in node.cases] + [lambda: ""])


def _assert(run: Interp, node: ast.Assert) -> str:
    run.eval(node.test)
    return ""


STATEMENTS: dict[type, Callable[[Interp, Any], str]] = {
    ast.Expr: _expr,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Return: _return,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Raise: _raise,
    ast.Try: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.Delete: _delete,
    ast.Match: _match,
    ast.Assert: _assert,
}
