"""Optimizers and schedules whose class is written in the program."""

from __future__ import annotations

import ast

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Func
from seedbed.doctor.static.values import Val, const

BASES = {"optimizer_class": "optimizer", "scheduler_class": "scheduler"}  # roles of classes, and what they make


def called(run: Machine, func: Func, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """``step(closure)`` or ``zero_grad()`` of an optimizer class of the program: the closure runs, then the step."""
    made = const(None)
    if args[0].kind == "scheduler":
        if func.name == "step":
            run.emit("schedule", args[0].name, node, recv=args[0], args=args[1:], kwargs=kwargs)
        return made
    if func.name == "step":
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        if closure is not None and closure.kind in ("func", "partial"):
            made = run.apply(closure, node, (), {})
    run.emit("step" if func.name == "step" else "clear", func.name, node, recv=args[0], args=args[1:], result=made)
    if func.name == "step" and func.clears_itself():
        run.emit("clear", "zero_grad", node, recv=args[0])
    return made
