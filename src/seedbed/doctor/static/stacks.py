"""``ExitStack`` said as the blocks that it stands for, before anybody reads the tree.

``stack.enter_context(manager)`` is a ``with manager`` around all that follows, ``stack.callback(f)`` is a
``try: ... finally: f()``, and a manager under ``if`` is ``manager if condition else nullcontext()``.
"""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax

_STACKS = ("ExitStack", "AsyncExitStack")


def rewrite(tree: ast.Module, text: str) -> ast.Module:
    """The same program with its stacks of managers as blocks; the tree is changed in place."""
    if "ExitStack" in text:
        for node in [n for n in syntax.statements(tree) if isinstance(n, (ast.With, ast.AsyncWith))]:
            for name in [n for i in node.items if (n := _stack(i)) is not None]:
                node.body = _opened(node.body, name)
    if "closing(" in text:
        _Closing().visit(tree)
    return tree


class _Closing(syntax.Rewriter):
    """``with closing(thing)`` holds the thing itself."""

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        self.generic_visit(node)
        call = node.context_expr
        if isinstance(call, ast.Call) and _last(call.func) == "closing" and len(call.args) == 1 and not call.keywords:
            node.context_expr = call.args[0]
        return node


def _last(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _stack(item: ast.withitem) -> str | None:
    """The name that ``with ExitStack() as name`` gives."""
    made, name = item.context_expr, item.optional_vars
    if isinstance(made, ast.Call) and _last(made.func) in _STACKS and isinstance(name, ast.Name):
        return name.id
    return None


def _opened(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    """The statements of a block, with what follows a manager inside of it."""
    for index, line in enumerate(body):
        rest = body[index + 1 :]
        item = _entered(line, name)
        if item is not None:
            inner = _opened(rest, name) or [ast.copy_location(ast.Pass(), line)]
            return [*body[:index], ast.copy_location(ast.With([item], inner), line)]
        last = _called(line, name)
        if last is not None and rest:
            return [*body[:index], ast.copy_location(ast.Try(_opened(rest, name), [], [], [last]), line)]
    return body


def _entered(line: ast.stmt, name: str) -> ast.withitem | None:
    """The manager that a statement puts on the stack, maybe on a condition."""
    if isinstance(line, ast.If) and len(line.body) == 1 and not line.orelse:
        item = _entered(line.body[0], name)
        if item is None or item.optional_vars is not None:
            return None
        nothing = ast.Call(ast.Name("nullcontext", ast.Load()), [], [])
        choice = ast.IfExp(line.test, item.context_expr, nothing)
        for new in (nothing.func, nothing, choice):
            ast.copy_location(new, item.context_expr)
        return ast.withitem(choice, None)
    target: ast.expr | None = None
    value = line.value if isinstance(line, (ast.Expr, ast.Assign)) else None
    if isinstance(line, ast.Assign):
        target = line.targets[0] if len(line.targets) == 1 else None
        if target is None:
            return None
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call) or not _of(value.func, name, ("enter_context", "enter_async_context")):
        return None
    return ast.withitem(value.args[0], target) if len(value.args) == 1 and not value.keywords else None


def _called(line: ast.stmt, name: str) -> ast.stmt | None:
    """The call that a statement leaves for the end of the block."""
    call = line.value if isinstance(line, ast.Expr) else None
    if not isinstance(call, ast.Call) or not _of(call.func, name, ("callback",)) or not call.args:
        return None
    later = ast.copy_location(ast.Call(call.args[0], call.args[1:], call.keywords), call)
    return ast.copy_location(ast.Expr(later), line)


def _of(func: ast.expr, name: str, methods: tuple[str, ...]) -> bool:
    return (
        isinstance(func, ast.Attribute)
        and func.attr in methods
        and isinstance(func.value, ast.Name)
        and func.value.id == name
    )
