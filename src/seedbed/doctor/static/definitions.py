"""Statements that define or import: functions, classes, imports, ``global`` and ``del``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from seedbed.doctor.static import assignments, attributes, callers, imports, sequences
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Class, Func, Scope
from seedbed.doctor.static.values import Val

if TYPE_CHECKING:
    pass


def as_load(target: ast.expr) -> ast.expr:
    """The same name, attribute or item, read instead of written."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target


def function_statement(run: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """``def``."""
    func = Func(node, run.scope, run.src)
    val = Val("func", node.name, node, run.src)
    val.owner = func
    for decorator in node.decorator_list:
        run.quiet += 1
        try:
            made = run.eval(decorator)
        finally:
            run.quiet -= 1
        if made.kind == "func" and made.owner is not func:
            val.tags.add("wrapped")
        elif made.kind == "context":
            func.managers.add(made.name)
    callers.register(run, node, val)
    run.program.functions.append(func)
    run.scope.vars[node.name] = val
    return ""


def class_statement(run: Machine, node: ast.ClassDef) -> str:
    """``class``."""
    scope = Scope(outer=run.scope, src=run.src)
    cls = Class(node, scope, run.src, [run.eval(b) for b in node.bases])
    cls.base = assignments.role(cls)
    val = Val("class", node.name, node, run.src)
    val.owner = cls
    outer, run.scope = run.scope, scope
    try:
        run.run(node.body)
    finally:
        run.scope = outer
    for member in scope.vars.values():
        if member.kind == "func" and member.owner.scope is scope:
            member.owner.owner = cls
            member.owner.scope = outer
    if "dataclass" in {getattr(d, "id", getattr(getattr(d, "func", None), "id", "")) for d in node.decorator_list}:
        val.tags.add("dataclass")
        cls.base = "dataclass"
    run.program.classes.append(cls)
    run.scope.vars[node.name] = val
    return ""


def import_statement(run: Machine, node: ast.Import) -> str:
    """``import a``."""
    for alias in node.names:
        name = alias.name if alias.asname else alias.name.split(".")[0]
        run.scope.vars[alias.asname or name] = imports.module(run, name, 0)
        if not alias.asname and "." in alias.name:
            imports.module(run, alias.name, 0)
    return ""


def import_from_statement(run: Machine, node: ast.ImportFrom) -> str:
    """``from a import b``."""
    module = imports.module(run, node.module or "", node.level)
    for alias in node.names:
        if alias.name == "*":
            if module.kind == "namespace":
                run.scope.vars.update({k: v for k, v in module.owner.vars.items() if not k.startswith("_")})
            elif module.name in (
                "torch.nn",
                "torch.nn.functional",
                "torch",
                "torch.optim",
                "torch.utils.data",
            ):
                run.scope.vars.update(run.project.star(module.name))
            continue
        found = None
        if module.kind == "namespace":
            found = module.owner.vars.get(alias.name)
            if found is None:
                name = f"{node.module}.{alias.name}" if node.module else alias.name
                found = imports.module(run, name, node.level)
        if found is None and module.name in ("math", "numpy", "torch"):
            found = attributes.get(run, module, alias.name, node)
        if found is None:
            found = Val("lib", f"{module.name}.{alias.name}" if module.name else alias.name, node, run.src)
        run.scope.vars[alias.asname or alias.name] = found
    return ""


def global_statement(run: Machine, node: ast.Global | ast.Nonlocal) -> str:
    """``global`` and ``nonlocal``."""
    run.scope.shared.update(node.names)
    return ""


def delete_statement(run: Machine, node: ast.Delete) -> str:
    """``del``."""
    for target in node.targets:
        if isinstance(target, ast.Subscript):
            held, key = run.eval(target.value), run.eval(target.slice)
            if held.items and key.kind == "slice" and sequences.cut(run, held, key):
                run.emit("delete", "", node, recv=held)
                continue
            if held.items and sequences.place(held, key) is not None:
                run.emit("delete", "", node, recv=sequences.take(run, held, key))
                continue
        run.emit("delete", "", node, recv=run.eval(as_load(target)))
    return ""
