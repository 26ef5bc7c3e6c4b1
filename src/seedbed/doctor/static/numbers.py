"""Numbers that can be worked out: ``math`` on constants, the factors of a schedule."""

from __future__ import annotations

import ast
import math

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, unknown

PROBED = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 100_000)
BETWEEN = (15, 25, 30, 40, 60, 70, 80, 90, 120, 150, 180, 250, 300, 400, 600, 700, 800, 900)


def factors(run: Machine, plan: Val, node: ast.AST) -> None:
    """Work out the function of a LambdaLR at some steps, without a trace of it among the events."""
    func = plan.arg(1, "lr_lambda")
    callable_object = func is not None and func.kind == "instance" and func.owner is not None
    if func is None or run.budget < 5000 or not (func.kind in ("func", "partial") or callable_object):
        return
    made = Val("list", "factors", node, run.src)
    between = Val("list", "factors", node, run.src)
    made.items, between.items = [], []
    run.quiet += 1
    try:
        for step in PROBED:
            made.items.append(run.apply(func, node, (const(step, node, run.src),), {}))
        if len({i.const for i in made.items[:6]}) == 1 and made.items[0].kind == "const":
            between.items = [run.apply(func, node, (const(step, node, run.src),), {}) for step in BETWEEN]
    finally:
        run.quiet -= 1
    plan.attrs["factors"] = made
    if between.items:
        plan.attrs["between"] = between


_ALIKE = ("log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "sin", "cos", "tan", "tanh")
OF_ONE_NUMBER = frozenset(f"{root}.{name}" for root in ("numpy", "np") for name in _ALIKE)  # as in ``math``


def known(args: tuple[Val, ...]) -> bool:
    """Whether all arguments are known numbers."""
    return all(a.kind == "const" and isinstance(a.const, (int, float)) for a in args)


def mathematics(run: Machine, last: str, node: ast.AST, args: tuple[Val, ...]) -> Val:
    """``math.cos(1.0)`` and its like, worked out."""
    try:
        return const(getattr(math, last)(*(a.const for a in args)), node, run.src)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return unknown(last, node, run.src, *args)


def endless(args: tuple[Val, ...], kwargs: dict[str, Val]) -> bool:
    """Whether the bound of ``clip_grad_norm_(params, float("inf"))`` is none: it measures the norm and cuts nothing."""
    bound = args[1] if len(args) > 1 else kwargs.get("max_norm")
    return bound is not None and bound.const == math.inf
