"""More disguises: habits of people who write training programs."""

from __future__ import annotations

import ast
import copy
from itertools import pairwise

from rewriting import COMPREHENSIONS, blocks, holds, insert_first, names_in, one_name, scopes

NAMES = {
    "cross_entropy": ("input", "target"),
    "mse_loss": ("input", "target"),
    "nll_loss": ("input", "target"),
    "l1_loss": ("input", "target"),
    "smooth_l1_loss": ("input", "target"),
    "binary_cross_entropy": ("input", "target"),
    "binary_cross_entropy_with_logits": ("input", "target"),
    "kl_div": ("input", "target"),
    "softmax": ("input", "dim"),
    "log_softmax": ("input", "dim"),
    "Linear": ("in_features", "out_features", "bias"),
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    "Embedding": ("num_embeddings", "embedding_dim"),
    "LSTM": ("input_size", "hidden_size"),
    "GRU": ("input_size", "hidden_size"),
    "BatchNorm1d": ("num_features",),
    "BatchNorm2d": ("num_features",),
    "Dropout": ("p",),
    "Adam": ("params", "lr"),
    "AdamW": ("params", "lr"),
    "SGD": ("params", "lr"),
    "StepLR": ("optimizer", "step_size", "gamma"),
    "CosineAnnealingLR": ("optimizer", "T_max"),
    "DataLoader": ("dataset", "batch_size", "shuffle"),
    "random_split": ("dataset", "lengths", "generator"),
    "clip_grad_norm_": ("parameters", "max_norm"),
}
_MODULES = ("nn", "optim", "torch", "F", "functional", "data", "lr_scheduler", "utils")


def keywords_given(tree: ast.Module) -> ast.Module | None:
    """Arguments of the library's calls are given by name."""
    own = {s.name for s in ast.walk(tree) if isinstance(s, (ast.FunctionDef, ast.ClassDef))}
    count = 0
    for call in [n for n in ast.walk(tree) if isinstance(n, ast.Call)]:
        base, _, name = ast.unparse(call.func).rpartition(".")
        words = NAMES.get(name, ())
        if name in own or (base and base.split(".")[-1] not in _MODULES):
            continue
        if not 0 < len(call.args) <= len(words) or any(isinstance(a, ast.Starred) for a in call.args):
            continue
        given = [ast.keyword(word, value) for word, value in zip(words, call.args, strict=False)]
        call.keywords = [*given, *call.keywords]
        call.args = []
        count += 1
    return tree if count else None


def partials(tree: ast.Module) -> ast.Module | None:
    """A call with plain options is one of a ``functools.partial`` of the module."""
    modules = {(a.asname or a.name).split(".")[0] for s in tree.body if isinstance(s, ast.Import) for a in s.names}
    modules |= {a.asname or a.name for s in tree.body if isinstance(s, ast.ImportFrom) for a in s.names}
    made: dict[str, str] = {}
    for call in [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]:
        spelled = ast.unparse(call.func)
        fixed = [k for k in call.keywords if k.arg and isinstance(k.value, ast.Constant)]
        if spelled.split(".")[0] not in modules or spelled.split(".")[-2] not in _MODULES or not fixed:
            continue
        code = f"functools.partial({spelled}, {', '.join(ast.unparse(k) for k in fixed)})"
        name = made.setdefault(code, f"prepared_{len(made)}")
        call.func = ast.Name(name, ast.Load())
        call.keywords = [k for k in call.keywords if k not in fixed]
    if not made:
        return None
    insert_first(tree, "import functools\n" + "\n".join(f"{n} = {c}" for c, n in made.items()), after_imports=True)
    return tree


def assigned_in_tests(tree: ast.Module) -> ast.Module | None:
    """``x = f(y)`` and then ``if x < z`` is ``if (x := f(y)) < z``."""
    count = 0
    for block in list(blocks_of(tree)):
        for first, second in reversed(list(pairwise(block))):
            name = one_name(first)
            if name is None or not isinstance(second, ast.If) or not isinstance(second.test, ast.Compare):
                continue
            left = second.test.left
            if not isinstance(left, ast.Name) or left.id != name or holds(first, ast.Yield, ast.Await, ast.NamedExpr):
                continue
            assert isinstance(first, ast.Assign)
            second.test.left = ast.NamedExpr(ast.Name(name, ast.Store()), first.value)
            block.remove(first)
            count += 1
    return tree if count else None


def continued(tree: ast.Module) -> ast.Module | None:
    """The last branch of a loop is what follows an early ``continue``."""
    count = 0
    for loop in [n for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While))]:
        last = loop.body[-1]
        if isinstance(last, ast.If) and not last.orelse:
            early = ast.If(ast.UnaryOp(ast.Not(), last.test), [ast.Continue()], [])
            loop.body[-1:] = [early, *last.body]
            count += 1
    return tree if count else None


def built_together(tree: ast.Module) -> ast.Module | None:
    """Two things that are built one after the other come from one function that returns both."""
    count = 0
    for scope in scopes(tree):
        place = len(scope.body) - 2
        while place >= 0:
            first, second = scope.body[place : place + 2]
            one, two = one_name(first), one_name(second)
            place -= 1
            if (
                not one
                or not two
                or one == two
                or {one, two} & names_in(_value(first))
                or two in names_in(_value(second))
            ):
                continue
            if not all(isinstance(_value(s), ast.Call) for s in (first, second)):
                continue
            if any(holds(s, ast.Yield, ast.Await, ast.NamedExpr, *COMPREHENSIONS) for s in (first, second)):
                continue
            count += 1
            code = ast.parse(f"def build_{count}():\n    return {one}, {two}\n{one}, {two} = build_{count}()").body
            function = code[0]
            assert isinstance(function, ast.FunctionDef)
            function.body[0:0] = [copy.deepcopy(first), copy.deepcopy(second)]
            scope.body[place + 1 : place + 3] = code
            place -= 1
    return tree if count else None


def _value(statement: ast.stmt) -> ast.expr:
    assert isinstance(statement, ast.Assign)
    return statement.value


def blocks_of(tree: ast.Module) -> list[list[ast.stmt]]:
    """Every list of statements in the module and its functions."""
    return [block for scope in scopes(tree) for block in blocks(scope)]


HABITS = (keywords_given, partials, assigned_in_tests, continued, built_together)
