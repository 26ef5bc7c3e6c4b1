"""Rewriting of trees, for the disguises."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OWN_SCOPE = (*DEFINITIONS, ast.Lambda, *COMPREHENSIONS)
_UNTOUCHED = (ast.Lambda, *COMPREHENSIONS, ast.IfExp, ast.BoolOp, ast.JoinedStr, ast.NamedExpr, ast.Await)
_UNTOUCHED_MORE = (ast.Yield, ast.YieldFrom)


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    """Every function within."""
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]


def scopes(tree: ast.Module) -> list[ast.Module | ast.FunctionDef]:
    """The module and every function within."""
    return [tree, *functions(tree)]


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions, classes and comprehensions within."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, OWN_SCOPE):
            yield from own_nodes(child)


def blocks(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements that belong to a scope itself (for a module: without those of functions)."""
    for name in ("body", "orelse", "finalbody"):
        part = getattr(scope, name, None)
        if isinstance(part, list) and part and isinstance(part[0], ast.stmt):
            yield part
            for statement in list(part):
                if not isinstance(statement, DEFINITIONS):
                    yield from blocks(statement)
    for handler in getattr(scope, "handlers", []):
        yield from blocks(handler)


def stored(statements: list[ast.stmt]) -> set[str]:
    """Names that the statements assign in their own scope."""
    names: set[str] = set()
    for statement in statements:
        if isinstance(statement, DEFINITIONS):
            names.add(statement.name)
            continue
        for node in [statement, *own_nodes(statement)]:
            if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
                names.add(node.id)
            elif isinstance(node, (*DEFINITIONS, ast.ExceptHandler)) and node.name:
                names.add(node.name)
    return names


def names_in(node: ast.AST) -> set[str]:
    """Every name that is mentioned."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def parameters(tree: ast.AST) -> set[str]:
    """Every parameter of every function and lambda."""
    return {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}


def bound_in(scope: ast.AST) -> set[str]:
    """Names that a function, lambda or comprehension binds, and everything in it that is stored."""
    names = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return parameters(scope) | {n.id for n in names}


def one_name(statement: ast.stmt) -> str | None:
    """``a`` of ``a = …``."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def has_calls(node: ast.AST) -> bool:
    """Whether something is called."""
    return any(isinstance(n, ast.Call) for n in ast.walk(node))


def holds(node: ast.AST, *kinds: type[ast.AST]) -> bool:
    """Whether a node of these kinds is within."""
    return any(isinstance(n, kinds) for n in ast.walk(node))


def leaves(statements: list[ast.stmt], loops: bool = True) -> bool:
    """Whether control leaves the statements: return, yield, break or continue of a loop around them."""
    for statement in statements:
        if isinstance(statement, (ast.Return, ast.Break, ast.Continue) if loops else ast.Return):
            return True
        if any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in [statement, *own_nodes(statement)]):
            return True
        inside = loops and not isinstance(statement, (ast.For, ast.While))
        if not isinstance(statement, DEFINITIONS) and any(leaves(b, inside) for b in blocks(statement)):
            return True
    return False


def is_head(statement: ast.stmt) -> bool:
    """A docstring or an import from ``__future__``: nothing may stand before it."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def insert_first(tree: ast.Module, code: str, after_imports: bool = False) -> None:
    """Put code behind what must stand first, or behind the imports that stand before all definitions."""
    body = tree.body
    place = next((i for i, s in enumerate(body) if not is_head(s)), len(body))
    if after_imports:
        end = next((i for i, s in enumerate(body) if isinstance(s, DEFINITIONS)), len(body))
        place = max([place, *(i + 1 for i, s in enumerate(body[:end]) if isinstance(s, IMPORTS))])
    body[place:place] = ast.parse(code).body


class Renamed(ast.NodeTransformer):
    """Every mention of a name gets another one."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self.generic_visit(node)
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.name = self.names.get(node.name, node.name)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.name = self.names.get(node.name, node.name)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.name = self.names.get(node.name, node.name) if node.name else None
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self.names.get(n, n) for n in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self.names.get(n, n) for n in node.names]
        return node


class Longer(ast.NodeTransformer):
    """A short name of a module is written in full."""

    def __init__(self, short: dict[str, str]) -> None:
        self.short = short

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.short and isinstance(node.ctx, ast.Load):
            return ast.parse(self.short[node.id], mode="eval").body
        return node


class Member(ast.NodeTransformer):
    """Names become attributes of one object."""

    def __init__(self, names: set[str], owner: str) -> None:
        self.names, self.owner = names, owner

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.names:
            return ast.Attribute(ast.Name(self.owner, ast.Load()), node.id, node.ctx)
        return node


class Put(ast.NodeTransformer):
    """Writes an expression in the place of one name."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value, self.done = name, value, False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == self.name and isinstance(node.ctx, ast.Load):
            self.done = True
            return self.value
        return node

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            return node
        new = super().visit(node)
        assert isinstance(new, ast.AST)
        return new


class Expressions(ast.NodeTransformer):
    """Rewrites the expressions of simple statements; ``before`` are the statements that go in front."""

    def __init__(self) -> None:
        self.before: list[ast.stmt] = []
        self.count = 0

    def new(self, value: ast.expr, name: str) -> ast.expr:
        """A variable that holds ``value`` from here on."""
        self.count += 1
        self.before.append(ast.Assign([ast.Name(f"{name}_{self.count}", ast.Store())], value))
        return ast.Name(f"{name}_{self.count}", ast.Load())

    def outermost(self, node: ast.expr) -> ast.expr:
        """Rewrite the expression of a whole statement."""
        new = self.visit(node)
        assert isinstance(new, ast.expr)
        return new

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (*_UNTOUCHED, *_UNTOUCHED_MORE)):
            return node
        new = super().visit(node)
        assert isinstance(new, ast.AST)
        return new


class Flat(Expressions):
    """Calls inside of calls get variables."""

    def outermost(self, node: ast.expr) -> ast.expr:
        return node if not isinstance(node, ast.Call) else self.generic_call(node)

    def generic_call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return node
        return self.new(self.generic_call(node), "value")


class Options(Expressions):
    """Keywords with plain values go into a dictionary."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        taken = [k for k in node.keywords if k.arg and isinstance(k.value, (ast.Constant, ast.Name))]
        if taken:
            value = ast.Dict([ast.Constant(k.arg) for k in taken], [k.value for k in taken])
            node.keywords = [k for k in node.keywords if k not in taken]
            node.keywords.append(ast.keyword(None, self.new(value, "options")))
        return node


class Bound(Expressions):
    """Methods are taken from their objects first."""

    def outermost(self, node: ast.expr) -> ast.expr:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            node.func = self.new(node.func, "action")
        return node


def rewrite(tree: ast.Module, change: Expressions) -> ast.Module | None:
    """Apply ``change`` to the simple statements of functions and of the module."""
    for scope in scopes(tree):
        for block in list(blocks(scope)):
            for place, statement in reversed(list(enumerate(block))):
                value = getattr(statement, "value", None)
                if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)) or value is None:
                    continue
                if holds(value, ast.Yield, ast.YieldFrom, ast.Await):
                    continue
                change.before = []
                statement.value = change.outermost(value)
                block[place:place] = change.before
    return tree if change.count else None


class Constants(ast.NodeTransformer):
    """Numbers in the arguments of calls get names."""

    def __init__(self, read: Callable[[str], ast.expr]) -> None:
        self.read = read
        self.values: dict[str, str] = {}

    def name(self, node: ast.expr, hint: str) -> ast.expr:
        """The expression that reads the constant, where ``node`` is a number."""
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if not number:
            self.visit(node)
            return node
        name = f"{hint}_{len(self.values)}"
        self.values[name] = ast.unparse(node)
        return copy.deepcopy(self.read(name))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.visit(node.func)
        node.args = [self.name(a, "number") for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.name(keyword.value, keyword.arg or "number")
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node


LOSSES = {
    "cross_entropy": "CrossEntropyLoss",
    "mse_loss": "MSELoss",
    "nll_loss": "NLLLoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "kl_div": "KLDivLoss",
}
METHODS = {"relu", "sigmoid", "tanh", "softmax", "log_softmax"}
FROM_TORCH = METHODS - {"relu"} | {"mean", "sum", "argmax", "exp", "log", "clamp", "flatten"}


class Spelling(ast.NodeTransformer):
    """Losses and activations of the functional interface are written otherwise."""

    def __init__(self) -> None:
        self.done = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        spelled = ast.unparse(node.func)
        base, _, name = spelled.rpartition(".")
        plain = node.args and not isinstance(node.args[0], (ast.Starred, ast.Constant))
        if base in ("F", "nn.functional", "torch.nn.functional") and plain:
            if name in LOSSES and len(node.args) == 2:
                self.done += 1
                loss = ast.parse(f"torch.nn.{LOSSES[name]}()", mode="eval").body
                assert isinstance(loss, ast.Call)
                weight = [k for k in node.keywords if k.arg == "weight" and name.startswith("binary")]
                if weight:
                    return node
                loss.keywords = node.keywords
                return ast.Call(loss, node.args, [])
            if name in METHODS:
                self.done += 1
                return ast.Call(ast.Attribute(node.args[0], name, ast.Load()), node.args[1:], node.keywords)
        if base == "torch" and name in FROM_TORCH and plain:
            self.done += 1
            return ast.Call(ast.Attribute(node.args[0], name, ast.Load()), node.args[1:], node.keywords)
        return node
