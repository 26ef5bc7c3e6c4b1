"""``with``: the block runs where the context manager of the program yields, between its two halves."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from seedbed.doctor.static import assignments
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Func
from seedbed.doctor.static.values import Val, const


class Suite:
    """A block that waits for the ``yield`` of the function that its ``with`` calls."""

    def __init__(self, run: Machine, node: ast.AST, body: Callable[[Val], str]) -> None:
        self.node, self.body = node, body
        self.scope, self.src = run.scope, run.src
        self.end: str | None = None


def run_with(run: Machine, node: ast.With | ast.AsyncWith, index: int = 0) -> str:
    """Execute a ``with`` statement from its item ``index`` on; returns how it ends."""
    if index == len(node.items):
        return run.run(node.body)
    item = node.items[index]
    grads, casts = len(run.grads), len(run.autocasts)

    def body(val: Val) -> str:
        if item.optional_vars is not None:
            run.assign(item.optional_vars, val)
        return run_with(run, node, index + 1)

    suite = Suite(run, item.context_expr, body)
    run.suites.append(suite)
    try:
        val = run.eval(item.context_expr)
        if suite.end is not None:
            return suite.end
        if run.suites and run.suites[-1] is suite:
            run.suites.pop()
        assignments.enter(run, val)
        enter, leave = _methods(val)
        held = run.invoke(enter, item.context_expr, (val,), {}) if enter is not None else val
        end = body(held)
        if leave is not None:
            run.invoke(leave, item.context_expr, (val, *(const(None) for _ in range(3))), {})
        return end
    finally:
        if suite in run.suites:
            run.suites.remove(suite)
        del run.grads[grads:], run.autocasts[casts:]


def _methods(val: Val) -> tuple[Func | None, Func | None]:
    """``__enter__`` and ``__exit__`` of a class of the program."""
    if val.kind != "instance" or val.owner is None or not hasattr(val.owner, "method"):
        return None, None
    return val.owner.method("__enter__"), val.owner.method("__exit__")


def yielded(run: Machine, val: Val) -> None:
    """Run the waiting block where its context manager yields, in the scope of the ``with``."""
    suite: Any = run.suites[-1] if run.suites else None
    if suite is None or not run.sites or run.sites[-1][0] is not suite.node:
        return
    if "contextmanager" not in run.funcs[-1].decorators:
        return
    run.suites.pop()
    inner = run.scope, run.src
    frame = run.funcs.pop(), run.sites.pop(), run.returns.pop(), run.yields.pop()
    run.scope, run.src = suite.scope, suite.src
    try:
        suite.end = suite.body(val)
    finally:
        run.scope, run.src = inner
        run.funcs.append(frame[0])
        run.sites.append(frame[1])
        run.returns.append(frame[2])
        run.yields.append(frame[3])
