"""One expression for what has several: said in the common way, before anybody reads the tree.

``torch.addcmul(m, s, e)`` is ``m + s * e``, ``a.eq(b)`` is ``a == b``, ``torch.autograd.backward(loss)`` is
``loss.backward()``, ``OrderedDict((k, f(v)) for k, v in d.items())`` is a dictionary comprehension,
``map(lambda x: f(x), xs)`` is a generator, ``total = total + loss.item()`` is ``total += loss.item()`` and
``with torch.set_grad_enabled(False)`` is ``with torch.no_grad()``.
Only what surely means the same is rewritten; lines stay where they are.
"""

from __future__ import annotations

import ast
import re

from seedbed.doctor.static import syntax

_HINTS = re.compile(
    r"\baddc(?:mul|div)\(|Dict\(|\bdict\(|autograd\.backward\(|\bmap\(\s*lambda"
    r"|\bset_grad_enabled\(False|^\s*([\w.]+) = \1 [+-]",
    re.MULTILINE,
)
_TABLES = frozenset(["dict", "OrderedDict", "collections.OrderedDict"])
_COMPARED: dict[str, type[ast.cmpop]] = {
    "eq": ast.Eq, "ne": ast.NotEq, "lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE,
}  # fmt: skip
_COUNTED: dict[str, type[ast.operator]] = {
    "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "add": ast.Add,
    "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div, "true_divide": ast.Div,
}  # fmt: skip
_FUSED: dict[str, type[ast.operator]] = {"addcmul": ast.Mult, "addcdiv": ast.Div}


def say(tree: ast.Module, text: str) -> ast.Module:
    """``tree`` in the common way of writing; the same tree, changed in place."""
    if not any(_calls(text, name) for name in (*_COMPARED, *_COUNTED, "neg", "negative")) and not _HINTS.search(text):
        return tree
    own = {n.name for n in syntax.statements(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    made = _Say(own).visit(tree)
    assert isinstance(made, ast.Module)
    return made


def _calls(text: str, name: str) -> bool:
    """Whether ``name(`` stands in a text as a whole word; a pattern of many words takes ten times as long."""
    at = text.find(f"{name}(")
    while at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at = text.find(f"{name}(", at + 1)
    return at >= 0


class _Say(syntax.Rewriter):
    """Rewrites calls; ``own`` are names that the file defines itself."""

    def __init__(self, own: set[str]) -> None:
        self.own = own

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """The call, or the expression that it stands for."""
        self.generic_visit(node)
        spelled = _spelled(node.func)
        if not spelled or spelled in self.own:
            return node
        made = _fused(node, spelled) or _table(node, spelled) or _mapped(node, spelled)
        made = made or _elementwise(node, spelled) or _other(node, spelled)
        return ast.fix_missing_locations(ast.copy_location(made, node)) if made is not None else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """``p.mul(0.9)`` as a statement throws its result away: what is said of it should quote what is written."""
        call = node.value
        if isinstance(call, ast.Call) and _elementwise(call, _spelled(call.func)) is not None:
            self.generic_visit(call)
            return node
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """``total = total + loss.item()``: what is added is a number, so nothing is changed in place."""
        self.generic_visit(node)
        target, value = node.targets[0], node.value
        if (
            len(node.targets) > 1
            or not isinstance(target, (ast.Name, ast.Attribute))
            or not isinstance(value, ast.BinOp)
        ):
            return node
        same = isinstance(value.op, (ast.Add, ast.Sub)) and _code(value.left) == _code(target)
        if not same or not any(isinstance(n, ast.Attribute) and n.attr == "item" for n in syntax.fresh(value.right)):
            return node
        return ast.copy_location(ast.AugAssign(target, value.op, value.right), node)

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        """``torch.set_grad_enabled(False)`` as the context that it is."""
        self.generic_visit(node)
        call = node.context_expr
        if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
            return node
        off = isinstance(call.args[0], ast.Constant) and call.args[0].value is False
        if off and isinstance(call.func, ast.Attribute) and _spelled(call.func) == "torch.set_grad_enabled":
            call.func.attr, call.args = "no_grad", []
        return node


def _code(node: ast.expr) -> str:
    return syntax.name(node) or ast.unparse(node)


def _spelled(func: ast.expr) -> str:
    """The dotted name of what is called; of a method of an expression ``.name``."""
    parts: list[str] = []
    while isinstance(func, ast.Attribute):
        parts.append(func.attr)
        func = func.value
    parts.append(func.id if isinstance(func, ast.Name) else "")
    return ".".join(reversed(parts))


def _fused(node: ast.Call, spelled: str) -> ast.expr | None:
    """``torch.addcmul(a, b, c, value=v)`` and ``a.addcmul(b, c)`` as ``a + v * b * c``."""
    base, _, name = spelled.rpartition(".")
    if name not in _FUSED or any(k.arg != "value" for k in node.keywords) or not isinstance(node.func, ast.Attribute):
        return None
    parts = list(node.args) if base == "torch" else [node.func.value, *node.args]
    if len(parts) != 3 or any(isinstance(p, ast.Starred) for p in parts):
        return None
    first, left, right = parts
    if node.keywords:
        left = ast.copy_location(ast.BinOp(node.keywords[0].value, ast.Mult(), left), left)
    return ast.BinOp(first, ast.Add(), ast.copy_location(ast.BinOp(left, _FUSED[name](), right), left))


def _table(node: ast.Call, spelled: str) -> ast.expr | None:
    """``dict((key, value) for …)`` as a dictionary comprehension."""
    if spelled not in _TABLES or len(node.args) != 1 or node.keywords:
        return None
    rows = node.args[0]
    if not isinstance(rows, (ast.GeneratorExp, ast.ListComp)):
        return None
    pair = rows.elt
    if not isinstance(pair, (ast.Tuple, ast.List)) or len(pair.elts) != 2 or isinstance(pair.elts[0], ast.Starred):
        return None
    return ast.DictComp(pair.elts[0], pair.elts[1], rows.generators)


def _mapped(node: ast.Call, spelled: str) -> ast.expr | None:
    """``map(lambda x: f(x), xs)`` as ``(f(x) for x in xs)``."""
    if spelled != "map" or len(node.args) != 2 or node.keywords or not isinstance(node.args[0], ast.Lambda):
        return None
    given = node.args[0].args
    if len(given.args) != 1 or given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
        return None
    target = ast.copy_location(ast.Name(given.args[0].arg, ast.Store()), given.args[0])
    return ast.GeneratorExp(node.args[0].body, [ast.comprehension(target, node.args[1], [], 0)])


def _elementwise(node: ast.Call, spelled: str) -> ast.expr | None:
    """``a.eq(b)`` and ``torch.eq(a, b)`` as ``a == b``, and so on; ``a.add(b)`` may as well be that of a set."""
    base, _, name = spelled.rpartition(".")
    if node.keywords or not isinstance(node.func, ast.Attribute) or any(isinstance(a, ast.Starred) for a in node.args):
        return None
    parts = list(node.args) if base == "torch" else [node.func.value, *node.args]
    if len(parts) != 2 or (name == "add" and base != "torch") or base in ("np", "numpy", "operator", "super"):
        return None
    if name in _COMPARED:
        return ast.Compare(parts[0], [_COMPARED[name]()], [parts[1]])
    return ast.BinOp(parts[0], _COUNTED[name](), parts[1]) if name in _COUNTED else None


def _other(node: ast.Call, spelled: str) -> ast.expr | None:
    """``torch.autograd.backward(loss)`` as ``loss.backward()``, ``torch.neg(x)`` as ``-x``."""
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        return None
    if spelled in ("torch.autograd.backward", "autograd.backward") and isinstance(node.args[0], ast.Name):
        return ast.Call(ast.Attribute(node.args[0], "backward", ast.Load()), [], [])
    if spelled in ("torch.neg", "torch.negative"):
        return ast.UnaryOp(ast.USub(), node.args[0])
    return None
