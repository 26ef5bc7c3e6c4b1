"""Statements: assignments, branches, loops, ``with``, ``try``. Definitions are in ``definitions``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seedbed.doctor.static import (
    assignments,
    building,
    comprehensions,
    definitions,
    dispatching,
    iteration,
    managers,
    narrowing,
    operators,
    syntax,
)
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.program import LoopRun
from seedbed.doctor.static.values import Val, unknown, uses_gradient

if TYPE_CHECKING:
    pass


def _expr(run: Machine, node: ast.Expr) -> str:
    if isinstance(node.value, ast.Call):
        node.value._statement = True  # type: ignore[attr-defined]
    val = run.eval(node.value)
    assignments.remake(run, node.value, val)
    if val.name == "detach_" and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        run.assign(node.value.func.value, val)  # from here on the name stands for what has no gradient
    if not isinstance(node.value, (ast.Yield, ast.YieldFrom, ast.Await)):
        run.emit("discard", val.name, node, result=val)
    return ""


def _assign(run: Machine, node: ast.Assign) -> str:
    val = run.eval(node.value)
    for target in node.targets:
        run.assign(target, val)
    return ""


def _ann_assign(run: Machine, node: ast.AnnAssign) -> str:
    if node.value is not None:
        run.assign(node.target, run.eval(node.value))
    return ""


def _aug_assign(run: Machine, node: ast.AugAssign) -> str:
    old = run.eval(definitions.as_load(node.target))
    new = run.eval(node.value)
    val = operators.binary(run, node, type(node.op).__name__, old, new)
    if val.kind == "const" and type(val.const) in (int, float) and run.loops and (name := _kept(run, node.target)):
        val = Val("number", "running", node, run.src)  # a counter that outlives the round, not the constant of it
        val.var = name
    run.emit("augment", type(node.op).__name__, node, recv=old, args=(new,), result=val)
    if type(node.op).__name__ in ("Sub", "Add") and not _plain(old) and uses_gradient(new):
        run.emit("manual", type(node.op).__name__, node, recv=old, args=(new,))
    if old.kind == "list" and new.items is not None and old.items is not None:
        old.items.extend(new.items)
        if "repeat" in new.tags:
            run.emit("repeat", "augment", node, recv=new)
        val = old
    run.assign(node.target, val)
    return ""


def _plain(old: Val) -> bool:
    """Whether a value surely started as a plain number: a count or a sum, no parameter."""
    if old.name in ("add", "running") and old.args:
        old = old.args[0]
    return all(o.kind in ("const", "number") for o in old.options())


def _kept(run: Machine, target: ast.expr) -> str:
    """The name of a counter that lives in an object, or outside of the function that counts it up."""
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) and target.id in run.scope.shared else ""


def _if(run: Machine, node: ast.If) -> str:
    test = run.eval(node.test)
    operators.note_test(run, node.test, test)
    known = operators.truth(test)
    if known is not None:
        return run.run(node.body if known else node.orelse)
    asked = narrowing.by_type(run, node.test)
    if asked is None:
        return run.branch(node, test, [lambda: run.run(node.body), lambda: run.run(node.orelse)])
    name, yes, no = asked
    whole = run.scope.vars[name]
    end = run.branch(node, test, [lambda: _as(run, name, yes, node.body), lambda: _as(run, name, no, node.orelse)])
    if {id(o) for o in run.scope.vars[name].options()} == {id(o) for o in whole.options()}:
        run.scope.vars[name] = whole
    return end


def _as(run: Machine, name: str, val: Val, body: list[ast.stmt]) -> str:
    """Run a branch in which it is known what a name stands for."""
    run.scope.vars[name] = val
    return run.run(body)


def _loop(
    run: Machine,
    node: Any,
    over: Val | None,
    start: Callable[[], None],
    unrolled: list[Val] | None = None,
    exact: bool = False,
) -> str:
    """Run the body twice (once when deeply nested): the second round sees what the first one left."""
    outer = run.loops[-1] if run.loops else None
    frame = LoopRun(node, run.src, over, tuple(run.conds), outer, exact)
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


def _forget_counters(run: Machine, node: ast.AST) -> None:
    """Numbers that the body counts up are not the constants that they start with."""
    for target in _counted(node):
        if isinstance(target, ast.Name):
            box, key = run.scope.owner(target.id).vars if target.id in run.scope.shared else run.scope.vars, target.id
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = run.scope.find(target.value.id)
            box, key = (owner.attrs, target.attr) if owner is not None else ({}, "")
        elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):  # state["step"] += 1
            owner = run.scope.find(target.value.id) if isinstance(target.value, ast.Name) else None
            box, key = (
                (owner.attrs, str(target.slice.value)) if owner is not None and owner.kind == "dict" else ({}, "")
            )
        else:
            continue
        old = box.get(key)
        if old is not None and old.kind == "const" and type(old.const) in (int, float):
            made = Val("number", "running", old.node, old.src)
            made.var = old.var or key
            box[key] = made


def _counted(node: ast.AST) -> list[ast.expr]:
    """What the statement or one inside it counts up: ``n += 1``, ``n = n + 1``."""
    known: list[ast.expr] | None = node.__dict__.get("_counted")
    if known is None:
        known = []
        for part in syntax.walk(node):
            if isinstance(part, ast.AugAssign):
                known.append(part.target)
            elif isinstance(part, ast.Assign) and len(part.targets) == 1 and isinstance(part.value, ast.BinOp):
                left, first = part.value.left, part.targets[0]
                if isinstance(left, ast.Name) and isinstance(first, ast.Name) and left.id == first.id:
                    known.append(first)
        node.__dict__["_counted"] = known
    return known


def _has_work(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) for n in syntax.walk(node))


def _for(run: Machine, node: ast.For | ast.AsyncFor) -> str:
    over = run.eval(node.iter)
    if over.kind in ("list", "tuple") and over.items is not None and not over.items and "each" not in over.tags:
        return ""  # an empty literal, grown elsewhere, is not known to stay empty

    def start() -> None:
        run.assign(node.target, iteration.element(run, over, node.target))

    called = dispatching.handlers(node, over)
    if called is not None:  # what they do happens once where the loop stands: it is no repetition
        for item in called:
            run.assign(node.target, item)
            run.run(node.body)
        return ""
    known = building.rounds(run, node, over)
    if known is not None:
        return _loop(run, node, over, start, known, exact=True)
    short = comprehensions.unroll(over, node, run) or comprehensions.named_rows(over, node, run)
    return _loop(run, node, over, start, short)


def _while(run: Machine, node: ast.While) -> str:
    counter = _counter(node)
    over: Val | None = None

    def start() -> None:
        run.eval(node.test)
        if counter is not None and over is not None:
            run.assign(counter, iteration.element(run, over, counter))

    test = run.eval(node.test)
    operators.note_test(run, node.test, test)
    if operators.truth(test) is False:
        return ""
    if counter is not None:
        over = _counted_range(run, node, counter)
    return _loop(run, node, over, start)


def _counter(node: ast.While) -> ast.Name | None:
    """``i`` of ``while i < n`` whose body counts it up once a round, as a target."""
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Lt, ast.LtE)):
        return None
    if not isinstance(test.left, ast.Name):
        return None
    name = test.left.id
    ups = [s for s in node.body if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name)]
    one = [s for s in ups if getattr(s.target, "id", "") == name and isinstance(s.op, ast.Add)]
    stored = [n for n in syntax.walk(node) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    by_one = len(one) == len(stored) == 1 and isinstance(one[0].value, ast.Constant) and one[0].value.value == 1
    return ast.copy_location(ast.Name(name, ast.Store()), test.left) if by_one else None


def _counted_range(run: Machine, node: ast.While, counter: ast.Name) -> Val | None:
    """The ``range`` that a counting loop stands for, where it is known where the count begins."""
    begin = run.scope.find(counter.id)
    if begin is None or type(begin.const) is not int or not isinstance(node.test, ast.Compare):
        return None
    bound = node.test.comparators[0]
    first, last = int(begin.const), isinstance(node.test.ops[0], ast.LtE)
    if first not in (0, 1) or first != last:
        return None
    call = ast.Call(ast.Name("range", ast.Load()), [bound], [])
    for part in (call, call.func):
        ast.copy_location(part, node.test)
    return run.eval(call)


def _return(run: Machine, node: ast.Return) -> str:
    val = run.eval(node.value)
    if run.returns:
        run.returns[-1].append(val)
    run.emit("return", "", node, result=val)
    return "return"


def _break(run: Machine, node: ast.Break) -> str:
    run.emit("break", "", node)
    return "break"


def _continue(run: Machine, node: ast.Continue) -> str:
    run.emit("continue", "", node)
    return "continue"


def _raise(run: Machine, node: ast.Raise) -> str:
    if node.exc is not None:
        run.eval(node.exc)
    return "raise"


def _try(run: Machine, node: Any) -> str:
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


def _match(run: Machine, node: ast.Match) -> str:
    subject = run.eval(node.subject)
    return run.branch(node, subject, [lambda c=c: run.run(c.body) for c in node.cases] + [lambda: ""])


def _assert(run: Machine, node: ast.Assert) -> str:
    run.eval(node.test)
    return ""


STATEMENTS: dict[type, Callable[[Machine, Any], str]] = {
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
    ast.With: managers.run_with,
    ast.AsyncWith: managers.run_with,
    ast.FunctionDef: definitions.function_statement,
    ast.AsyncFunctionDef: definitions.function_statement,
    ast.ClassDef: definitions.class_statement,
    ast.Import: definitions.import_statement,
    ast.ImportFrom: definitions.import_from_statement,
    ast.Global: definitions.global_statement,
    ast.Nonlocal: definitions.global_statement,
    ast.Delete: definitions.delete_statement,
    ast.Match: _match,
    ast.Assert: _assert,
}
