"""What the parameters of a function of the program are: what is given for them, their defaults, or unknown."""

from __future__ import annotations

import ast
from typing import Any

from seedbed.doctor.static import naming
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Func
from seedbed.doctor.static.values import Val, unknown


def bind(run: Machine, func: Func, scope: Any, args: tuple[Val, ...], kwargs: dict[str, Val]) -> None:
    """Give the parameters their values: arguments, then defaults, then unknown."""
    spec = func.node.args
    names = [*spec.posonlyargs, *spec.args]
    rest = dict(kwargs)
    for index, name in enumerate(names):
        if index < len(args):
            scope.vars[name.arg] = args[index]
        elif name.arg in rest:
            scope.vars[name.arg] = rest.pop(name.arg)
        else:
            place = index - (len(names) - len(spec.defaults))
            scope.vars[name.arg] = _default(run, func, spec.defaults[place]) if place >= 0 else free(name, func)
    if spec.vararg is not None:
        extra = Val("tuple", "args", func.node, func.src)
        extra.items = list(args[len(names) :])
        if not extra.items:
            extra = unknown("args", func.node, func.src)
        scope.vars[spec.vararg.arg] = extra
    for name, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if name.arg in rest:
            scope.vars[name.arg] = rest.pop(name.arg)
        else:
            scope.vars[name.arg] = _default(run, func, default) if default is not None else free(name, func)
    if spec.kwarg is not None:
        extra = Val("dict", "kwargs", func.node, func.src)
        extra.attrs = rest
        scope.vars[spec.kwarg.arg] = extra


def _default(run: Machine, func: Func, node: ast.expr) -> Val:
    saved, run.scope = run.scope, func.scope
    source, run.src = run.src, func.src
    try:
        return run.eval(node)
    finally:
        run.scope, run.src = saved, source


def free(name: ast.arg, func: Func) -> Val:
    """What a parameter is where nothing is given for it."""
    val = unknown(name.arg, name, func.src)
    val.var = name.arg
    val.tags.add("free")
    note = ast.dump(name.annotation) if name.annotation is not None else ""
    if "'Module'" in note:
        val.tags.add("module")
    val.split = naming.split_of(name.arg)
    return val


def left_open(func: Func) -> dict[str, Val]:
    """Arguments that are ``None`` by default: they may be given."""
    spec = func.node.args
    names = [*spec.posonlyargs, *spec.args]
    late = [*names[len(names) - len(spec.defaults) :], *spec.kwonlyargs]
    pairs = zip(late, [*spec.defaults, *spec.kw_defaults], strict=True)
    return {n.arg: free(n, func) for n, d in pairs if isinstance(d, ast.Constant) and d.value is None}
