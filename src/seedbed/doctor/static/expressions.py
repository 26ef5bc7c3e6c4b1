"""Expressions: names, attributes, items, operators, comprehensions. Calls are in ``calls``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from seedbed.doctor.static import attributes, calls, comprehensions, iteration, managers, naming, operators
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, unknown


def _name(run: Machine, node: ast.Name) -> Val:
    val = run.scope.find(node.id)
    if val is not None:
        return val
    if node.id == "__name__":
        return const("__main__" if run.src is run.project.entry else run.src.name, node, run.src)
    if node.id in ("__file__", "__doc__"):
        return unknown(node.id, node, run.src)
    if hasattr(builtins, node.id):
        return Val("lib", f"builtins.{node.id}", node, run.src)
    made = unknown(node.id, node, run.src)
    made.var = node.id
    scope = run.scope
    while scope.outer is not None:
        scope = scope.outer
    scope.vars[node.id] = made  # the same free name is the same thing everywhere
    return made


def _constant(run: Machine, node: ast.Constant) -> Val:
    return const(node.value, node, run.src)


def _attribute(run: Machine, node: ast.Attribute) -> Val:
    return attributes.get(run, run.eval(node.value), node.attr, node)


def _sequence(run: Machine, node: ast.List | ast.Tuple | ast.Set) -> Val:
    val = Val("tuple" if isinstance(node, ast.Tuple) else "list", "", node, run.src)
    val.items = []
    for part in node.elts:
        if isinstance(part, ast.Starred):
            inner = iteration.opened(run, run.eval(part.value), part)
            if inner.items is not None:
                val.items.extend(inner.items)
                val.tags |= inner.tags & {"each", "repeat"}
            else:
                val.items.append(unknown("star", part, run.src, inner))
        elif isinstance(part, ast.Constant):  # a table of numbers costs no steps
            val.items.append(const(part.value, part, run.src))
        else:
            val.items.append(run.eval(part))
    return val


def _dict(run: Machine, node: ast.Dict) -> Val:
    val = Val("dict", "", node, run.src)
    for key, item in zip(node.keys, node.values, strict=True):
        made = run.eval(item)
        if key is None:
            val.attrs.update(made.attrs)
            continue
        name = run.eval(key)
        val.attrs[str(name.const) if name.kind == "const" else "*"] = made
        if made.kind in ("loader", "dataset") and not made.split and isinstance(name.const, str):
            made.split = naming.split_of(name.const)
    val.args = tuple(val.attrs.values())
    return val


def _subscript(run: Machine, node: ast.Subscript) -> Val:
    return attributes.getitem(run, run.eval(node.value), node)


def _call(run: Machine, node: ast.Call) -> Val:
    return calls.call(run, node)


def _lambda(run: Machine, node: ast.Lambda) -> Val:
    return calls.make_lambda(run, node)


def _joined(run: Machine, node: ast.JoinedStr) -> Val:
    parts = [run.eval(v.value) for v in node.values if isinstance(v, ast.FormattedValue)]
    return unknown("fstring", node, run.src, *parts)


def _named(run: Machine, node: ast.NamedExpr) -> Val:
    val = run.eval(node.value)
    run.assign(node.target, val)
    return val


def _await(run: Machine, node: Any) -> Val:
    return run.eval(node.value)


def _yield(run: Machine, node: ast.Yield) -> Val:
    val = run.eval(node.value)
    if run.yields:
        run.yields[-1].append(val)
    managers.yielded(run, val)
    return unknown("sent", node, run.src)


def _yield_from(run: Machine, node: ast.YieldFrom) -> Val:
    val = run.eval(node.value)
    if run.yields:
        run.yields[-1].append(iteration.element(run, val, node))
    return unknown("sent", node, run.src)


def _slice(run: Machine, node: ast.Slice) -> Val:
    val = Val("slice", "", node, run.src)
    val.args = (run.eval(node.lower), run.eval(node.upper), run.eval(node.step))
    return val


def _starred(run: Machine, node: ast.Starred) -> Val:
    return run.eval(node.value)


EXPRESSIONS: dict[type, Callable[[Machine, Any], Val]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.BinOp: operators.binop,
    ast.UnaryOp: operators.unary,
    ast.BoolOp: operators.boolop,
    ast.Compare: operators.compare,
    ast.IfExp: operators.ifexp,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: comprehensions.comprehension,
    ast.SetComp: comprehensions.comprehension,
    ast.GeneratorExp: comprehensions.comprehension,
    ast.DictComp: comprehensions.comprehension,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.JoinedStr: _joined,
    ast.NamedExpr: _named,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Slice: _slice,
    ast.Starred: _starred,
}
