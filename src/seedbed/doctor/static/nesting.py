"""Early ``continue``, assignments in tests and flags, said as the branches and lines that they stand for."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from seedbed.doctor.static import syntax


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements."""
    for part in syntax.statements(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(part, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


def nest(tree: ast.Module) -> None:
    """Put the short end of a loop that follows ``if test: continue`` under the opposite test.

    What goes back through the graph is left where it is: a batch that is skipped is another thing than a branch.
    """
    for loop in [n for n in syntax.statements(tree) if isinstance(n, (ast.For, ast.While))]:
        for place in range(len(loop.body) - 2, -1, -1):
            early, rest = loop.body[place], loop.body[place + 1 :]
            if not isinstance(early, ast.If) or early.orelse or [type(s) for s in early.body] != [ast.Continue]:
                continue
            if len(rest) > 5 or any(_goes_back(s) for s in rest):
                break
            early.test, early.body = _opposite(early.test), rest
            del loop.body[place + 1 :]


def _goes_back(statement: ast.stmt) -> bool:
    names = (n.attr for n in syntax.fresh(statement) if isinstance(n, ast.Attribute))
    return any(name == "backward" for name in names) or any(isinstance(n, ast.Yield) for n in syntax.fresh(statement))


def _opposite(test: ast.expr) -> ast.expr:
    """``not test``, as one would write it."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        made = ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]()], test.comparators)
        return ast.copy_location(made, test)
    if isinstance(test, ast.BinOp) and isinstance(test.op, ast.Mod):
        zero = ast.copy_location(ast.Constant(0), test)
        return ast.copy_location(ast.Compare(test, [ast.Eq()], [zero]), test)
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def ask_directly(tree: ast.Module) -> None:
    """``better = score > best`` and ``if better:`` is ``if score > best:``, while none of the three is changed."""
    for block in blocks(tree):
        for place, statement in enumerate(block):
            if not isinstance(statement, ast.Assign) or [type(t) for t in statement.targets] != [ast.Name]:
                continue
            test, flag = statement.value, syntax.text(statement.targets[0])
            if not isinstance(test, ast.Compare) or type(test.ops[0]) not in _ORDERS or len(test.ops) != 1:
                continue
            sides = (test.left, *test.comparators)
            if not all(isinstance(s, (ast.Name, ast.Attribute, ast.Constant)) for s in sides):
                continue
            names = {flag} | {syntax.text(s) for s in sides}
            for later in block[place + 1 :]:
                if isinstance(later, ast.If) and isinstance(later.test, ast.Name) and later.test.id == flag:
                    later.test = copy.deepcopy(test)
                if any(_binds(n) and syntax.text(n) in names for n in syntax.fresh(later)):
                    break


def _binds(node: ast.AST) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(node.ctx, ast.Load)


_ORDERS = frozenset((ast.Lt, ast.LtE, ast.Gt, ast.GtE))


def assign_before(tree: ast.Module) -> None:
    """``if (x := f()) > best`` is ``x = f()`` and ``if x > best``."""
    for block in list(blocks(tree)):
        for place, statement in reversed(list(enumerate(block))):
            if not isinstance(statement, ast.If):
                continue
            test = statement.test
            first = test.left if isinstance(test, ast.Compare) else test
            if not isinstance(first, ast.NamedExpr):
                continue
            name = ast.copy_location(ast.Name(first.target.id, ast.Load()), first)
            if isinstance(test, ast.Compare):
                test.left = name
            else:
                statement.test = name
            block.insert(place, ast.copy_location(ast.Assign([first.target], first.value), statement))
