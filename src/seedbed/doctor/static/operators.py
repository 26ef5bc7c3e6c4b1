"""Operators: arithmetic, comparison, boolean logic, and whether a value is true."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from seedbed.doctor.static import building, shapes
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, join, unknown

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
}


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "In": lambda a, b: a in b,
    "NotIn": lambda a, b: a not in b,
}


_NAMES = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "div", "FloorDiv": "floor_divide", "Mod": "mod"}


_NAMES |= {"Pow": "pow", "MatMult": "matmul", "BitAnd": "and", "BitOr": "or", "BitXor": "xor"}


def truth(val: Val) -> bool | None:
    """Whether a value is certainly true or false."""
    if val.kind == "const":
        return bool(val.const)
    if val.kind in ("module", "instance", "optimizer", "scheduler", "scaler", "loader", "func", "class"):
        return True
    if val.kind == "lib" and val.name == "typing.TYPE_CHECKING":
        return False
    if val.kind == "tuple" and val.items and all(i.name != "star" for i in val.items):
        return True
    return None


def note_test(run: Machine, node: ast.expr, val: Val) -> None:
    """Record that a method of the program is tested as if it were its result."""
    if val.kind != "func" or not isinstance(node, ast.Attribute) or not val.args:
        return
    owner = getattr(val.owner, "owner", None)
    if owner is not None and val.owner.name == node.attr and not val.owner.decorators:
        run.emit("tested", node.attr, node, recv=val)


def binary(run: Machine, node: Any, op: str, left: Val, right: Val) -> Val:
    """``left op right``."""
    if left.kind == "const" and right.kind == "const" and op in _ARITHMETIC:
        try:
            shrinks = isinstance(left.const, float) and 0 <= left.const <= 1
            if not (op == "Pow" and abs(right.const) > 64 and not (shrinks and right.const > 0)):
                return const(_ARITHMETIC[op](left.const, right.const), node, run.src)
        except Exception:
            return unknown(op, node, run.src)
    if op == "Mult":
        for items, count in ((left, right), (right, left)):
            if items.kind in ("list", "tuple") and items.items is not None and count.kind != "tensor":
                made = Val(items.kind, "repeat", node, run.src)
                many = count.const if isinstance(count.const, int) else 2
                made.items = items.items * max(1, min(int(many), 8))
                made.tags = {"repeat"}
                made.args = (items, count)
                return made
    if op == "Add" and left.kind == right.kind and left.kind in ("list", "tuple") and left.items is not None:
        made = Val(left.kind, "concat", node, run.src)
        made.items = left.items + (right.items or [])
        made.tags = left.tags | right.tags
        return made
    if op == "Mod" and left.kind == "const" and isinstance(left.const, str):
        return unknown("format", node, run.src, left, right)
    val = run.tensor(_NAMES.get(op, op.lower()), node, left, right)
    numbers = {"number", "int", "len"}
    scalar = [_is_number(v) for v in (left, right)]
    if all(scalar) or (left.name in numbers and (scalar[1] or right.name in numbers)):
        val.kind = "number"
    if op == "MatMult":
        val.shape = shapes.matmul(left.shape, right.shape)
    elif scalar[0]:
        val.shape = right.shape
    elif scalar[1]:
        val.shape = left.shape
    else:
        val.shape = shapes.broadcast(left.shape, right.shape)
        if shapes.is_outer(left.shape, right.shape):
            val.tags.add("outer")
            run.emit("broadcast", val.name, node, args=(left, right), result=val)
    val.dtype = "float" if "float" in (left.dtype, right.dtype) or op == "Div" else left.dtype or right.dtype
    val.split = left.split or ("" if _is_statistic(right) else right.split)
    if val.dtype in ("uint8", "int8", "int16") and not _keeps(left, right):
        val.dtype = ""
    return val


def _is_number(val: Val) -> bool:
    """Whether a value is a constant or a number, whichever branch it comes from."""
    return val.kind in ("const", "number") or (
        val.kind == "phi" and all(o.kind == "number" or isinstance(o.const, (int, float)) for o in val.options())
    )


_STATISTICS = frozenset(["mean", "std", "var", "min", "max", "amin", "amax", "median", "quantile", "nanmean", "nanstd"])


def _is_statistic(val: Val) -> bool:
    """Whether a value sums data up: what is scaled by it is no part of that data."""
    current = val
    for _ in range(6):
        if current.name in _STATISTICS:
            return True
        if current.name not in ("add", "sub", "clip", "clamp", "sqrt", "part", "getitem") or not current.args:
            return False
        current = current.args[0]
    return False


def _keeps(left: Val, right: Val) -> bool:
    """Whether a small integer type stays: the other side is of the same type or a whole number."""
    kinds = {v.dtype for v in (left, right) if v.kind != "const"}
    return len(kinds) == 1 and all(isinstance(v.const, int) for v in (left, right) if v.kind == "const")


def binop(run: Machine, node: ast.BinOp) -> Val:
    """``a + b`` and its like."""
    return binary(run, node, type(node.op).__name__, run.eval(node.left), run.eval(node.right))


def unary(run: Machine, node: ast.UnaryOp) -> Val:
    """``-a``, ``~a``, ``not a``."""
    val = run.eval(node.operand)
    name = type(node.op).__name__
    if name == "Not":
        note_test(run, node.operand, val)
        known = truth(val)
        made = unknown("not", node, run.src, val) if known is None else const(not known, node, run.src)
        made.tags.add("not")
        return made
    if val.kind == "const" and isinstance(val.const, (int, float)):
        return const(-val.const if name == "USub" else val.const, node, run.src)
    made = run.tensor({"USub": "neg", "Invert": "invert"}.get(name, "pos"), node, val)
    made.shape, made.dtype = val.shape, val.dtype
    return made


def boolop(run: Machine, node: ast.BoolOp) -> Val:
    """``a and b``, ``a or b``."""
    vals: list[Val] = []
    for part in node.values:
        val = run.eval(part)
        note_test(run, part, val)
        known = truth(val)
        stop = isinstance(node.op, ast.Or)
        if known is not None and known is stop and not vals:
            return val
        if known is not None and known is not stop:
            if part is node.values[-1] and not vals:
                return val
            continue
        vals.append(val)
    if len(vals) == 1:
        return vals[0]
    made = unknown("boolop", node, run.src, *vals)
    made.tags.add("bool")
    return made


def compare(run: Machine, node: ast.Compare) -> Val:
    """``a < b`` and its like; chains too."""
    left = run.eval(node.left)
    right = run.eval(node.comparators[0])
    op = type(node.ops[0]).__name__
    if len(node.ops) == 1:
        if op in ("Is", "IsNot") and right.is_none:
            if left.is_none:
                return const(op == "Is", node, run.src)
            if left.kind not in ("phi", "unknown"):
                return const(op == "IsNot", node, run.src)
        if op in ("Is", "IsNot", "Eq", "NotEq") and (same := building.turn(run, left, right)) is not None:
            return const(same is (op in ("Is", "Eq")), node, run.src)
        if left.kind == "const" and right.kind == "const" and op in _COMPARE:
            try:
                return const(_COMPARE[op](left.const, right.const), node, run.src)
            except Exception:
                return unknown("compare", node, run.src)
        if op in ("In", "NotIn") and left.kind == "const" and right.items and right.kind in ("list", "tuple"):  # noqa: SIM102
            if all(i.kind == "const" for i in right.items):
                return const((left.const in [i.const for i in right.items]) == (op == "In"), node, run.src)
    rest = [run.eval(c) for c in node.comparators[1:]]
    val = run.tensor("compare", node, left, right, *rest)
    val.grad = False
    val.dtype = "bool"
    val.tags.add(op)
    if right.kind in ("const", "number"):
        val.shape = left.shape
    else:
        val.shape = shapes.broadcast(left.shape, right.shape)
        if shapes.is_outer(left.shape, right.shape):
            val.tags.add("outer")
            run.emit("broadcast", "compare", node, args=(left, right), result=val)
    run.emit("compare", op, node, args=(left, right), result=val)
    return val


def ifexp(run: Machine, node: ast.IfExp) -> Val:
    """``a if test else b``."""
    test = run.eval(node.test)
    note_test(run, node.test, test)
    known = truth(test)
    if known is not None:
        return run.eval(node.body if known else node.orelse)
    run.conds.append((node, 0, test))
    try:
        first = run.eval(node.body)
        run.conds[-1] = (node, 1, test)
        second = run.eval(node.orelse)
    finally:
        run.conds.pop()
    return join(first, second)
