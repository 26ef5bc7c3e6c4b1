"""Methods of dictionaries."""

from __future__ import annotations

import ast

from seedbed.doctor.static import assignments
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, unknown


def called(
    run: Machine, obj: Val, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]
) -> Val | None:
    """What a call of ``obj.name(...)`` gives, ``None`` when nothing is known about it."""
    if name in ("get", "pop", "setdefault") and args and isinstance(args[0].const, (str, int)):
        found = obj.attrs.get(str(args[0].const), obj.attrs.get("*"))
        if args[0].args and str(args[0].const) not in obj.attrs and "*" in obj.attrs:
            return unknown(name, node, run.src, obj, *args)  # a word of a text, looked up in a table of words
        if found is None and obj.name == "Counter" and obj.args and name == "get":
            return unknown("getitem", node, run.src, obj, args[0])  # what was counted is in it
        if found is None and len(args) > 1:
            found = args[1]
            obj.attrs[str(args[0].const)] = args[1] if name == "setdefault" else found
        return found if found is not None else unknown(name, node, run.src, obj)
    if name == "setdefault" and len(args) == 2 and args[1].kind == "number":  # a new number for each new word
        run.emit("setitem", "", node, recv=obj, args=args)
        made = assignments.code(run, node, (obj, args[0]))
        obj.attrs.setdefault("*", made)
        return made
    if name == "update":
        for one in args:
            obj.attrs.update(one.attrs)
        obj.attrs.update(kwargs)
        return const(None)
    if name in ("items", "values", "keys"):
        made = Val("iter", name, node, run.src)
        made.args = (obj,)
        return made
    if name == "copy":
        made = Val("dict", "copy", node, run.src)
        made.attrs, made.args = dict(obj.attrs), obj.args
        return made
    return None
