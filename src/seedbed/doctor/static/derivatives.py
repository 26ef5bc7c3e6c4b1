"""Backward functions written by hand, compared with the slope of their forward at a few numbers.

Only what is understood completely is compared: one tensor in, one out, smooth elementwise arithmetic without branches.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_POINTS = (-1.7, -0.6, 0.4, 0.9, 1.6)
_STEP = 1e-5


class _NotUnderstoodError(Exception):
    """Something is not plain arithmetic on the input."""


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "logsigmoid": lambda x: -math.log1p(math.exp(-x)),
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "atan": math.atan,
    "arctan": math.atan,
    "pow": operator.pow,
    "mul": operator.mul,
    "add": operator.add,
    "sub": operator.sub,
    "div": operator.truediv,
    "neg": operator.neg,
    **{name: getattr(math, name) for name in ("tanh", "exp", "log", "sqrt", "sin", "cos", "erf", "log1p", "expm1")},
    **dict.fromkeys(("clone", "contiguous", "detach", "float"), lambda x: x),
    "cosh": math.cosh,
    "sinh": math.sinh,
}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_NUMBERS = {"pi": math.pi, "e": math.e}


def mismatch(forward: ast.FunctionDef, backward: ast.FunctionDef) -> tuple[float, float, float] | None:
    """A number where a backward is wrong, what it gives there and the true slope; ``None`` if that is not certain."""
    wrong: list[tuple[float, float, float]] = []
    given: set[float] = set()
    try:
        if all(abs(_run(forward, x, {}) - x) < 1e-9 for x in _POINTS if _defined(forward, x)):
            return None  # it hands its input on: only the gradient is meant to be changed
        for x in _POINTS:
            if not _defined(forward, x):
                continue
            kept: dict[str, Any] = {}
            _run(forward, x, kept)
            said, double = (_run(backward, g, dict(kept)) for g in (1.0, 2.0))
            slope = (_run(forward, x + _STEP, {}) - _run(forward, x - _STEP, {})) / (2 * _STEP)
            if abs(double - 2 * said) > 1e-6 * (1 + abs(said)):
                return None  # the gradient itself is bent: on purpose
            given.add(said)
            if abs(said - slope) > 0.05 * max(abs(slope), 0.2):
                wrong.append((x, said, slope))
    except (_NotUnderstoodError, ArithmeticError, ValueError, TypeError, IndexError):
        return None
    return wrong[-1] if len(wrong) >= 2 and given != {1.0} else None  # handed back unchanged: straight through


def _defined(forward: ast.FunctionDef, x: float) -> bool:
    """Whether the forward has a value at a number."""
    try:
        return math.isfinite(_run(forward, x, {}))
    except (ArithmeticError, ValueError, TypeError):
        return False


def _run(func: ast.FunctionDef, x: float, kept: dict[str, Any]) -> float:
    """The result of a function of the context and one number; ``kept`` is what the context holds."""
    spec = func.args
    if len(spec.args) != 2 or spec.vararg is not None or spec.kwonlyargs or spec.kwarg is not None:
        raise _NotUnderstoodError
    context = spec.args[0].arg
    names: dict[str, Any] = {spec.args[1].arg: x, context: kept}
    for stmt in func.body:
        if isinstance(stmt, ast.Return) and stmt.value is not None:
            value = _value(stmt.value, names)
            if isinstance(value, tuple) and len(value) == 1:
                value = value[0]
            if isinstance(value, (int, float)):
                return float(value)
            raise _NotUnderstoodError
        if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1:
            _assign(stmt.targets[0], _value(stmt.value, names), names)
        elif isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Call):
            called = stmt.value.func
            if not isinstance(called, ast.Attribute) or called.attr != "save_for_backward":
                raise _NotUnderstoodError
            kept["saved_tensors"] = tuple(_value(a, names) for a in stmt.value.args)
        elif not (isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant)):
            raise _NotUnderstoodError
    raise _NotUnderstoodError


def _assign(target: ast.expr, value: Any, names: dict[str, Any]) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, ast.Tuple) and isinstance(value, tuple) and len(value) == len(target.elts):
        for part, given in zip(target.elts, value, strict=True):
            _assign(part, given, names)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        if not isinstance(names.get(target.value.id), dict):
            raise _NotUnderstoodError
        names[target.value.id][target.attr] = value
    else:
        raise _NotUnderstoodError


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    """What an expression is worth."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Tuple):
        return tuple(_value(e, names) for e in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, names), _value(node.right, names))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        held, at = _value(node.value, names), node.slice.value
        if isinstance(held, tuple) and isinstance(at, int):
            return held[at]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        held = names.get(node.value.id)
        if isinstance(held, dict) and node.attr in held:
            return held[node.attr]
        if node.value.id == "math" and node.attr in _NUMBERS:
            return _NUMBERS[node.attr]
    if isinstance(node, ast.Call) and not node.keywords:
        return _call(node, names)
    raise _NotUnderstoodError


def _call(node: ast.Call, names: dict[str, Any]) -> float:
    """The result of ``torch.f(x)`` or ``x.f()``."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _FUNCTIONS:
        raise _NotUnderstoodError
    args = [_value(a, names) for a in node.args]
    owner = ast.unparse(node.func.value)
    if owner not in ("torch", "F", "math", "torch.nn.functional", "nn.functional", "torch.special"):
        args.insert(0, _value(node.func.value, names))
    return _FUNCTIONS[node.func.attr](*args)
