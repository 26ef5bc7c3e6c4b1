"""Temporal differences written out in a loop over time: ``r[t] + gamma * v[t + 1] * (1 - done[t]) - v[t]``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_RATES = frozenset(["gamma", "discount"])
_TRACES = frozenset(["lam", "lambda", "lmbda", "lmda", "tau"])
_ENDS = frozenset(["done", "dones", "terminal", "terminals", "terminated", "terminations"])
_REST = frozenset(["not", "non", "mask", "masks", "alive", "cont", "nonterminal"])
_TURNS = ("1 - ", "1.0 - ", "not ", "~", "logical_not", "invert", "== 0")


def mistakes(p: Program) -> Iterator[tuple[ast.AST, str]]:
    """What is wrong with a temporal difference, and where."""
    for node in q.nodes(p, ast.BinOp):
        if not isinstance(node.op, ast.Sub) or not isinstance(node.left, ast.BinOp):
            continue
        total = node.left
        if not isinstance(total.op, ast.Add):
            continue
        for part in (total.left, total.right):
            parts = factors(part)
            if len(parts) < 2 or not any(_is_rate(x) for x in parts):
                continue
            if any(syntax.text(x) == syntax.text(node.right) for x in parts) and not _is_rate(node.right):
                yield node, "the temporal difference takes the same value twice: the next state's value is missing"
                break
            ends = next((x for x in parts if _is_end(p, node, x)), None)
            if ends is not None:
                yield node, "the terminal mask is inverted: the next value counts only where the episode is done"
                break


def factors(node: ast.expr) -> list[ast.expr]:
    """The factors of a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return factors(node.left) + factors(node.right)
    return [node]


def _last(node: ast.expr) -> str:
    """The last name of ``self.cfg.gamma``; of ``done[t]`` that of what is indexed."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return getattr(node, "attr", getattr(node, "id", ""))


def _is_rate(node: ast.expr) -> bool:
    return bool(_RATES & set(words(_last(node)))) and isinstance(node, (ast.Name, ast.Attribute))


def is_trace(node: ast.expr) -> bool:
    """Whether a factor is the lambda of a trace or of an advantage estimate."""
    return bool(_TRACES & set(words(_last(node)))) and isinstance(node, (ast.Name, ast.Attribute))


def is_rate(node: ast.expr) -> bool:
    """Whether a factor is the discount of rewards."""
    return _is_rate(node)


def _is_end(p: Program, at: ast.AST, node: ast.expr) -> bool:
    """Whether a factor is 1 where the episode ends, and nothing in the file turns it round."""
    said = set(words(_last(node)))
    if isinstance(node, ast.Name) and not said & _ENDS:
        func = around(p, at)
        made = [n.value for n in ast.walk(func) if isinstance(n, ast.Assign) and syntax.text(n.targets[0]) == node.id]
        if len(made) == 1 and isinstance(made[0], ast.IfExp):
            return _one_at_end(made[0])
        if len(made) != 1 or not isinstance(made[0], (ast.Name, ast.Subscript)):
            return False
        node, said = made[0], set(words(_last(made[0])))
    if not said & _ENDS or said & _REST or not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)):
        return False
    name = _last(node)
    stored = [
        syntax.text(n.args[0] if isinstance(n, ast.Call) else n.value)
        for n in q.nodes(p, ast.Assign, ast.Call)
        if (isinstance(n, ast.Assign) and any(_last(t) == name for t in _targets(n) if isinstance(t, ast.expr)))
        or (isinstance(n, ast.Call) and n.args and syntax.text(n.func).endswith(f"{name}.append"))
    ]
    return bool(stored) and not any(turn in text for text in stored for turn in _TURNS)


def _one_at_end(node: ast.IfExp) -> bool:
    """Whether a factor is ``1.0 if done[t] else 0.0``."""
    said = set(words(_last(node.test)))
    short = isinstance(node.test, ast.Subscript) and _last(node.test) == "d"
    values = [getattr(part, "value", None) for part in (node.body, node.orelse)]
    return (bool(said & _ENDS) or short) and not said & _REST and values == [1, 0]


def _targets(node: ast.Assign) -> Iterator[ast.expr]:
    for target in node.targets:
        yield from target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]


def around(p: Program, node: ast.AST) -> ast.AST:
    """The innermost function around a node, the file where there is none."""
    line = getattr(node, "lineno", 0)
    held = [f for f in q.nodes(p, ast.FunctionDef) if f.lineno <= line <= (f.end_lineno or 0)]
    return max(held, key=lambda f: f.lineno) if held else p.source.tree
