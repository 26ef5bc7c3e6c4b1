"""Which of two scores wins where a function that was handed over decides: ``operator.gt``, ``np.less``, a lambda."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_HOMES = frozenset(["operator", "numpy", "torch"])
_RISING = frozenset(["gt", "ge", "greater", "greater_equal"])
_FALLING = frozenset(["lt", "le", "less", "less_equal"])


@dataclass(frozen=True)
class Told:
    """``if better(score, best): best = score``: the call, what it gets, and whether the higher one wins."""

    event: Event
    score: Val
    names: tuple[str, str]  # the score and the best, as they are written
    rises: bool


def told(p: Program) -> Iterator[Told]:
    """Branches that keep the best by a function of two values; those of which both directions are seen are left out."""
    tests = q.in_file(p, "told order", lambda: _tests(p))
    if not tests:
        return
    found = [one for e in p.all("call", "invoke") if (one := _read(e, tests.get(id(e.node)))) is not None]
    ways: dict[tuple[int, int], set[bool]] = {}
    for one in found:
        ways.setdefault((id(one.event.node), id(one.score)), set()).add(one.rises)
    yield from (one for one in found if len(ways[id(one.event.node), id(one.score)]) == 1)


def _tests(p: Program) -> dict[int, tuple[int, str, str]]:
    """By id of a call with two values that a branch tests: which one is the score, and both as they are written."""
    found: dict[int, tuple[int, str, str]] = {}
    for branch in q.nodes(p, ast.If):
        parts = branch.test.values if isinstance(branch.test, ast.BoolOp) else [branch.test]
        for call in parts:
            if not isinstance(call, ast.Call) or len(call.args) != 2 or call.keywords:
                continue
            kept = _stored(branch.body)
            for at in (0, 1):
                score, best = call.args[at], syntax.text(call.args[1 - at])
                if isinstance(score, ast.BinOp) and isinstance(score.op, ast.Add | ast.Sub):
                    score = score.left  # by how much it must be better
                if kept.get(best) == syntax.text(score):
                    found[id(call)] = (at, syntax.text(score), best)
    return found


def _stored(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for stmt in body:
        for target in stmt.targets if isinstance(stmt, ast.Assign) else ():
            value = stmt.value if isinstance(stmt, ast.Assign) else target
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                found |= {syntax.text(t): syntax.text(v) for t, v in zip(target.elts, value.elts, strict=False)}
            else:
                found[syntax.text(target)] = syntax.text(value)
    return found


def _read(event: Event, test: tuple[int, str, str] | None) -> Told | None:
    if test is None or len(event.args) < 2:
        return None
    at, score, best = test
    first = _library(event.name) if event.kind == "call" else _own(event)
    if first is None:
        return None
    given = event.args[-2:]  # a method gets itself first
    return Told(event, given[at], (score, best), first is (at == 0))


def _library(name: str) -> bool | None:
    """Whether a comparison of a library is true when its first value is the higher one."""
    home, _, last = name.rpartition(".")
    if home not in _HOMES or last not in _RISING | _FALLING:
        return None
    return last in _RISING


def _own(event: Event) -> bool | None:
    """The same for a function of the program that only compares what it gets."""
    func = event.result.node if event.result is not None else None
    owner = getattr(event.recv, "owner", None) if event.recv is not None else None
    node = getattr(owner, "node", None)
    if not isinstance(func, ast.Compare) or not isinstance(node, ast.Lambda | ast.FunctionDef):
        return None
    names = [a.arg for a in node.args.args][-2:]
    sides = [syntax.text(func.left), syntax.text(func.comparators[0])] if len(func.ops) == 1 else []
    if len(names) != 2 or sorted(names) != sorted(sides):
        return None
    body = node.body if isinstance(node, ast.Lambda) else getattr(node.body[-1], "value", None)
    if body is not func or not isinstance(func.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE):
        return None
    return isinstance(func.ops[0], ast.Gt | ast.GtE) is (sides == names)
