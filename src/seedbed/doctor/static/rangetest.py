"""Loops that try learning rates: a range test raises the rate in every step, a sweep trains once for each rate."""

from __future__ import annotations

import ast

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_SPACED = frozenset(["logspace", "geomspace", "np_logspace", "np_geomspace"])


def raises(p: Program, step: Event) -> bool:
    """Whether the loop around a step multiplies the learning rate of its optimizer in every round, upwards."""
    loop = step.loop
    if loop is None:
        return False
    for event in p.all("setitem"):
        if not q.is_rate(event) or len(event.args) < 2 or not event.inside(loop):
            continue
        if _spaced(event.args[1]) or _multiplied(loop.node, event.node):
            return True
    for event in p.all("schedule"):
        if event.loop is not None and event.loop.node is loop.node and event.recv is not None:
            for one in event.recv.options():
                gamma = one.number(1, "gamma")
                if one.name in ("ExponentialLR",) and isinstance(gamma, (int, float)) and gamma > 1:
                    return True
    return False


def _spaced(rate: Val) -> bool:
    parts = list(ancestors(rate, limit=40))
    return any(v.name in _SPACED for v in parts)


def _multiplied(loop: ast.AST, target: ast.AST) -> bool:
    """Whether the name that is put into ``group["lr"]`` is multiplied in the loop: ``lr *= factor``."""
    given: set[str] = set()
    grown: set[str] = set()
    for node in syntax.walk(loop):
        if isinstance(node, ast.Assign) and any(n is target for t in node.targets for n in syntax.walk(t)):
            if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Mult) and _powered(node.value):
                return True
            given |= {n.id for n in syntax.walk(node.value) if isinstance(n, ast.Name)}
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
            if any(n is target for n in syntax.walk(node.target)):
                return _grows(node.value)
            if isinstance(node.target, ast.Name) and _grows(node.value):
                grown.add(node.target.id)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Mult):
            names = {n.id for n in syntax.walk(node.value) if isinstance(n, ast.Name)}
            target_names = {t.id for t in node.targets if isinstance(t, ast.Name)}
            if (target_names & names and _grows(node.value.right)) or _powered(node.value):
                grown |= target_names
    return bool(given & grown)


def _grows(factor: ast.expr) -> bool:
    """Whether a factor is not known to be below one."""
    return not (isinstance(factor, ast.Constant) and isinstance(factor.value, (int, float)) and factor.value <= 1)


def _powered(node: ast.BinOp) -> bool:
    """``low * (high / low) ** (i / n)``."""
    return any(
        isinstance(n, ast.BinOp)
        and isinstance(n.op, ast.Pow)
        and any(isinstance(m, ast.Div) for m in syntax.walk(n.left))
        for n in syntax.walk(node)
    )


def swept(event: Event) -> bool:
    """Whether an optimizer is made in a loop over at least three rates: a sweep, in which extremes are meant."""
    for frame in event.loops:
        items = frame.over.items if frame.over is not None and frame.over.kind in ("list", "tuple") else None
        rates = [i.const for i in items or [] if i.kind == "const" and isinstance(i.const, float)]
        if len(rates) >= 3 and max(rates) >= 10 * min(rates):
            return True
    return False
