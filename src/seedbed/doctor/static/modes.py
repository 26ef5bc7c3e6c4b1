"""``train()`` and ``eval()``: a module tells its parts, and a part may have a ``train`` of its own."""

from __future__ import annotations

import ast

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const


def switch(run: Machine, obj: Val, parts: list[Val], mode: str, node: ast.AST) -> None:
    """Put a module and its ``parts`` into a mode; those that override ``train`` are asked, as torch asks them."""
    for one in parts or [obj]:
        run.modes[id(one)] = mode
    obj.tags.add("moded")
    if mode not in ("train", "eval"):
        return
    for one in parts:
        own = one.owner.method("train") if one is not obj and hasattr(one.owner, "method") else None
        if own is not None and all(func is not own for func in run.funcs):
            run.invoke(own, node, (one, const(mode == "train", node, run.src)), {})
