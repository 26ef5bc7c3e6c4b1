"""Whether a transform that draws random numbers can change anything with the settings that it was made with."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from seedbed.doctor.static import syntax
from seedbed.doctor.static.data_queries import draws_random, is_draw
from seedbed.doctor.static.values import Val

_RANGES = frozenset(["uniform", "randint", "randrange", "integers", "triangular"])
_SPREADS = frozenset(["normal", "gauss", "normalvariate"])
_UNKNOWN = object()
_SUMS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def draws(body: ast.AST, attrs: dict[str, Val]) -> bool:
    """Whether a method draws a random number that matters, as far as the attributes of its instance tell.

    What stands under a switch that is off, under a probability of 0 or after a sure ``return``, and a draw from a
    range without width, does not.

    Args:
        body: The method.
        attrs: The attributes of the instance by their names.
    """
    given = getattr(getattr(body, "args", None), "args", None) or []
    settings = {f"{given[0].arg}.{k}": v for k, v in attrs.items()} if given else {}
    return _in_block(getattr(body, "body", []), settings)[0]


def still(transform: Val) -> bool:
    """Whether a random transform of a library leaves every sample as it is, or does the same to each."""
    given = [_plain(v) for v in transform.args]
    named = {k: _plain(v) for k, v in transform.kwargs.items()}
    name = transform.name.rsplit(".", 1)[-1]
    if _none(named.get("p", _UNKNOWN)):
        return True
    if name in ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomGrayscale", "RandomErasing") and given:
        return _none(given[0])
    if name == "RandomRotation":
        degrees = given[0] if given else named.get("degrees", _UNKNOWN)
        return _none(degrees) or _no_width(list(degrees) if isinstance(degrees, tuple) else [])
    if name == "GaussianBlur":
        sigma = given[1] if len(given) > 1 else named.get("sigma", _UNKNOWN)
        return isinstance(sigma, int | float) or (isinstance(sigma, tuple) and _no_width(list(sigma)))
    if name == "ColorJitter":
        return all(_none(v) for v in (*given, *named.values()))
    return False


def _none(value: Any) -> bool:
    """Whether a value is known to be zero."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _no_width(ends: list[Any]) -> bool:
    return len(ends) == 2 and _UNKNOWN not in ends and ends[0] == ends[1]


def _plain(val: Val) -> Any:
    """The number, text or tuple of those that a value is."""
    if val.kind == "const":
        return val.const
    if val.kind in ("tuple", "list") and val.items is not None:
        items = tuple(_plain(i) for i in val.items)
        return _UNKNOWN if _UNKNOWN in items else items
    return _UNKNOWN


def _value(node: ast.expr, attrs: dict[str, Val]) -> Any:
    """What an expression is, as far as constants and attributes of the instance tell."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        items = tuple(_value(e, attrs) for e in node.elts)
        return _UNKNOWN if _UNKNOWN in items else items
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        held = attrs.get(syntax.text(node))
        return _plain(held) if held is not None else _UNKNOWN
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand, attrs)
        return -inner if isinstance(inner, int | float) else _UNKNOWN
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        sides = [_value(side, attrs) for side in (node.left, node.right)]
        numbers = all(isinstance(s, int | float) for s in sides)
        return _SUMS[type(node.op)](*sides) if numbers else _UNKNOWN
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        whole, at = _value(node.value, attrs), node.slice.value
        inside = isinstance(whole, tuple) and isinstance(at, int) and -len(whole) <= at < len(whole)
        return whole[at] if inside else _UNKNOWN
    return _UNKNOWN


def _truth(test: ast.expr, attrs: dict[str, Val]) -> bool | None:
    """Whether a test holds in every call, ``None`` where that is not known."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(test.operand, attrs)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        parts = [_truth(v, attrs) for v in test.values]
        ends = isinstance(test.op, ast.Or)
        return ends if ends in parts else None if None in parts else not ends
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        return _compared(test, attrs)
    value = _value(test, attrs)
    return None if value is _UNKNOWN else bool(value)


def _compared(test: ast.Compare, attrs: dict[str, Val]) -> bool | None:
    """The same of one comparison; a draw in it is one between 0 and 1."""
    sides: list[ast.expr] = [test.left, test.comparators[0]]
    one, other = (_value(s, attrs) for s in sides)
    op = test.ops[0]
    if one is not _UNKNOWN and other is not _UNKNOWN:
        if isinstance(op, ast.Is | ast.IsNot):
            return (one is other) == isinstance(op, ast.Is)
        if isinstance(op, ast.Eq | ast.NotEq):
            return bool(one == other) == isinstance(op, ast.Eq)
        if isinstance(op, ast.In | ast.NotIn) and isinstance(other, tuple):
            return (one in other) == isinstance(op, ast.In)
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return _ordered(op, float(one), float(other)) if numbers else None
    if not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
        return None
    below = isinstance(op, ast.Lt | ast.LtE)  # the left side is the smaller one
    for share, side, smaller in ((other, sides[0], below), (one, sides[1], not below)):
        if _none(share) and _share(side):
            return not smaller
        if isinstance(share, int | float) and share == 1 and _share(side):
            return smaller
    return None


def _ordered(op: ast.cmpop, one: float, other: float) -> bool | None:
    known = {ast.Lt: one < other, ast.LtE: one <= other, ast.Gt: one > other, ast.GtE: one >= other}
    return known.get(type(op))


def _share(node: ast.expr) -> bool:
    """Whether an expression draws a number between 0 and 1: ``random.random()``, ``torch.rand(1).item()``."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Call) and syntax.text(node.func).rsplit(".", 1)[-1] in ("random", "rand"):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _in_block(block: list[ast.stmt], attrs: dict[str, Val]) -> tuple[bool, bool]:
    """Whether a list of statements draws, and whether it surely ends the method."""
    for statement in block:
        if isinstance(statement, ast.If):
            holds = _truth(statement.test, attrs)
            if holds is None and draws_random(statement.test):
                return True, False
            live = [statement.body] * (holds is not False) + [statement.orelse] * (holds is not True)
            found = [_in_block(part, attrs) for part in live]
            if any(drawn for drawn, _ in found):
                return True, False
            if all(ended for _, ended in found):
                return False, True
        elif isinstance(statement, ast.With):
            drawn, ended = _in_block(statement.body, attrs)
            if drawn or ended:
                return drawn, ended
        elif _in_expression(statement, attrs):
            return True, False
        elif isinstance(statement, ast.Return | ast.Raise):
            return False, True
    return False, False


def _in_expression(node: ast.AST, attrs: dict[str, Val]) -> bool:
    """Whether a statement or an expression draws a number that matters."""
    if isinstance(node, ast.IfExp):
        holds = _truth(node.test, attrs)
        live = [node.body] * (holds is not False) + [node.orelse] * (holds is not True)
        return (holds is None and draws_random(node.test)) or any(_in_expression(n, attrs) for n in live)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):  # noqa: SIM102
        if any(_none(_value(side, attrs)) for side in (node.left, node.right)):
            return False
    if isinstance(node, ast.Call) and is_draw(node) and not _narrow(node, attrs):
        return True
    return any(_in_expression(n, attrs) for n in ast.iter_child_nodes(node))


def _narrow(call: ast.Call, attrs: dict[str, Val]) -> bool:
    """Whether a draw can give one number only."""
    name = syntax.text(call.func).rsplit(".", 1)[-1]
    ends: list[Any] = []
    for arg in call.args:
        if isinstance(arg, ast.Starred):
            whole = _value(arg.value, attrs)
            ends += whole if isinstance(whole, tuple) else [_UNKNOWN]
        else:
            ends.append(_value(arg, attrs))
    if name in _SPREADS:
        return len(ends) > 1 and _none(ends[1])
    return name in _RANGES and _no_width(ends[:2])
