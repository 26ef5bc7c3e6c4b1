"""Runs a program on abstract values: statements, expressions, assignments, calls. Nothing of it is imported."""

from __future__ import annotations

import ast

from seedbed.doctor.static import assignments, calls, expressions, iteration, statements
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import BudgetError, Func
from seedbed.doctor.static.values import Val, const, unknown


class Interp(Machine):
    """One abstract run of a program."""

    # ---- statements ---------------------------------------------------------------------------

    def run(self, body: list[ast.stmt]) -> str:
        """Execute statements; returns how they end: ``""``, return, break, continue, raise or mixed."""
        for statement in body:
            handler = statements.STATEMENTS.get(type(statement))
            if handler is None:
                continue
            self.budget -= 1
            if self.budget < 0:
                raise BudgetError(statement.lineno)
            try:
                end = handler(self, statement)
            except BudgetError:
                raise
            except Exception:
                # code that the reader does not understand must never stop it
                if self.strict:
                    raise
                continue
            if end:
                return end
        return ""

    def eval(self, node: ast.expr | None) -> Val:
        """The abstract value of an expression."""
        if node is None:
            return const(None)
        self.budget -= 1
        if self.budget < 0:
            raise BudgetError(node.lineno)
        evaluator = expressions.EXPRESSIONS.get(type(node))
        return evaluator(self, node) if evaluator is not None else unknown("", node, self.src)

    def assign(self, target: ast.expr, val: Val) -> None:
        """Assign a value to a name, attribute, item or a tuple of them."""
        if isinstance(target, ast.Name):
            self.bind(target.id, val, target)
        elif isinstance(target, (ast.Tuple, ast.List)):
            star = next((i for i, t in enumerate(target.elts) if isinstance(t, ast.Starred)), None)
            for index, part in enumerate(target.elts):
                if isinstance(part, ast.Starred):
                    self.assign(part.value, unknown("star", part, self.src, val))
                elif star is not None and index > star:
                    self.assign(part, unknown("star", part, self.src, val))
                else:
                    self.assign(part, iteration.part(self, val, index, part, len(target.elts)))
        elif isinstance(target, ast.Attribute):
            assignments.set_attribute(self, target, val)
        elif isinstance(target, ast.Subscript):
            assignments.set_item(self, target, val)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, val)

    def apply(self, func: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
        """Call a value."""
        return calls.apply(self, func, node, args, kwargs)

    def invoke(self, func: Func, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
        """Run a function of the program with these arguments."""
        return calls.invoke(self, func, node, args, kwargs)

    def forward(self, module: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
        """Call a module."""
        return calls.forward(self, module, node, args, kwargs)
