"""One way of writing: the same calls said plainly, before anybody reads the tree.

``add = rows.append; add(x)`` is ``rows.append(x)``, ``getattr(torch, "relu")(x)`` is ``torch.relu(x)``,
``PARTS["a"](x)`` with a table of a library's functions is the function itself, ``f(**options)`` with a dictionary that
is written above is a call with keywords, ``for pair in d.items(): k = pair[0]; v = pair[1]`` is ``for k, v in``, and
``F.mse_loss(target=y, input=x)`` is ``F.mse_loss(x, y)``. A short rest of a loop behind ``if not ready: continue``
stands under ``if ready``.
Only what surely means the same is rewritten; lines stay where they are.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from dataclasses import dataclass

from seedbed.doctor.static import nesting, syntax

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HINTS = re.compile(
    r"\bgetattr\(|\*\*\w|\[['\"]\w+['\"]\]\(|^\s*(\w+) = [\w.]*\w\.\w+[^\S\n]*$|\w\[0\][^\S\n]*$|:=|\bcontinue\b"
    r"|\b(input|params|parameters|dataset|optimizer)\s*=",
    re.MULTILINE,
)
_FLAGS = re.compile(r"^[^\S\n]*\w+ = [\w.]+ [<>]=? [\w.]+[^\S\n]*$", re.MULTILINE)
_WORDS = re.compile(r"\b(input|params|parameters|dataset|optimizer)\s*=")
_CHANGES = frozenset(["update", "pop", "popitem", "setdefault", "clear", "append", "__setitem__"])
_PAIRS = frozenset(["enumerate", "items", "named_parameters", "named_modules", "named_children", "named_buffers"])


def plainly(tree: ast.Module, text: str) -> ast.Module:
    """``tree`` with its calls said plainly; the same tree, changed in place."""
    if _FLAGS.search(text):
        nesting.ask_directly(tree)
    if not _HINTS.search(text):
        return tree
    if "getattr(" in text:
        tree = _Attributes().visit(tree)
    _take_apart(tree)
    if _WORDS.search(text):
        _by_place(tree)
    if "continue" in text:
        nesting.nest(tree)
    if ":=" in text:
        nesting.assign_before(tree)
    wanted = _Wanted(tree)
    if wanted.called or wanted.opened or wanted.looked_up:
        _everywhere(tree, wanted)
        for block in nesting.blocks(tree):
            _in_block(block, wanted)
    return tree


class _Attributes(syntax.Rewriter):
    """``getattr(thing, "name")`` is ``thing.name``."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) == 2:
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isidentifier():
                return ast.copy_location(ast.Attribute(node.args[0], name.value, ast.Load()), node)
        return node


class _Wanted:
    """Names that are called, opened with ``**`` or looked up and called; what the module imports and binds."""

    def __init__(self, tree: ast.Module) -> None:
        self.called: set[str] = set()
        self.opened: set[str] = set()
        self.looked_up: set[str] = set()
        self.changed: set[str] = set()
        self.bound: Counter[str] = Counter()
        self.imported: set[str] = set()
        for node in syntax.fresh(tree):
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self.bound[node.id] += 1
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                self.changed.add(_root(node))
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [(a.asname or a.name).split(".")[0] for a in node.names]
                self.imported.update(names)
            elif isinstance(node, (ast.Global, ast.Nonlocal)):
                self.bound.update(node.names)
            elif isinstance(node, ast.arg):
                self.bound[node.arg] += 1
            elif isinstance(node, _DEFINITIONS):
                self.bound[node.name] += 1

    def _call(self, node: ast.Call) -> None:
        func = node.func
        if isinstance(func, ast.Name):
            self.called.add(func.id)
        elif isinstance(func, ast.Subscript) and isinstance(func.value, ast.Name):
            self.looked_up.add(func.value.id)
        elif isinstance(func, ast.Attribute) and func.attr in _CHANGES:
            self.changed.add(_root(func))
        for word in node.keywords:
            if word.arg is None and isinstance(word.value, ast.Name):
                self.opened.add(word.value.id)

    def steady(self, name: str) -> bool:
        """Whether a name is that of an import, and of nothing else in the file."""
        return name in self.imported and not self.bound[name]


@dataclass
class _Meaning:
    """What a name stands for: a dotted name, a table of dotted names or keywords; and what that depends on."""

    name: str
    value: ast.expr | None
    table: dict[object, ast.expr]
    words: list[ast.keyword]
    parts: set[str]


def _meaning(statement: ast.stmt, wanted: _Wanted) -> _Meaning | None:
    """What a statement defines that can be said plainly where it is used."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Name):
        return None
    name = target.id
    if name in wanted.called and isinstance(value, ast.Attribute) and (parts := _dotted(value)):
        return _Meaning(name, value, {}, [], parts)
    if name in wanted.changed:
        return None
    if name in wanted.looked_up and isinstance(value, ast.Dict) and value.values:
        keys = [k.value if isinstance(k, ast.Constant) else None for k in value.keys]
        if None not in keys and all(isinstance(v, (ast.Attribute, ast.Name)) and _dotted(v) for v in value.values):
            table: dict[object, ast.expr] = dict(zip(keys, value.values, strict=True))
            return _Meaning(name, None, table, [], {p for v in value.values for p in _dotted(v)})
    words = _words(value) if name in wanted.opened else None
    if words and all(map(_simple, (w.value for w in words))):
        used = {n.id for w in words for n in syntax.fresh(w.value) if isinstance(n, ast.Name)}
        return _Meaning(name, None, {}, words, used)
    return None


def _words(value: ast.expr) -> list[ast.keyword] | None:
    """The keywords that a written dictionary holds."""
    if isinstance(value, ast.Dict):
        pairs = [(k.value, v) for k, v in zip(value.keys, value.values, strict=True) if isinstance(k, ast.Constant)]
        if len(pairs) != len(value.values) or not all(isinstance(k, str) and k.isidentifier() for k, _ in pairs):
            return None
        return [ast.copy_location(ast.keyword(str(k), v), v) for k, v in pairs]
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict" and not value.args:
        return None if any(w.arg is None for w in value.keywords) else value.keywords
    return None


def _simple(value: ast.expr) -> bool:
    """Whether an expression may be worked out at another place: numbers, words and names."""
    kinds = (ast.Constant, ast.Name, ast.UnaryOp, ast.Tuple, ast.unaryop, ast.expr_context)
    return all(isinstance(n, kinds) for n in syntax.fresh(value))


def _dotted(node: ast.expr) -> set[str]:
    """The name and all dotted names that ``a.b.c`` is reached by; nothing for other expressions."""
    found: set[str] = set()
    while isinstance(node, ast.Attribute):
        node = node.value
        found.add(_code(node))
    return found or {node.id} if isinstance(node, ast.Name) else set()


def _code(node: ast.expr) -> str:
    return syntax.name(node) or ast.unparse(node)


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _everywhere(tree: ast.Module, wanted: _Wanted) -> None:
    """Say plainly, in all functions, what the module defines once from its imports or from plain numbers."""
    for place, statement in enumerate(tree.body):
        meaning = _meaning(statement, wanted)
        if (
            meaning is None
            or wanted.bound[meaning.name] != 1
            or not all(map(wanted.steady, map(_first, meaning.parts)))
        ):
            continue
        for other in (*tree.body[:place], *tree.body[place + 1 :]):
            _Plain(meaning, True).visit(other)


def _first(dotted: str) -> str:
    return dotted.split(".")[0]


def _in_block(block: list[ast.stmt], wanted: _Wanted) -> None:
    """Say plainly what a statement defines in those that follow it, as long as nothing that it is made of changes."""
    for place, statement in enumerate(block):
        meaning = _meaning(statement, wanted)
        if meaning is None:
            continue
        watched = meaning.parts | {meaning.name}
        for later in block[place + 1 :]:
            touched = _touches(later, watched)
            held = later.value if touched and isinstance(later, (ast.Assign, ast.AugAssign)) else None
            if touched and (held is None or _touches(held, watched)):
                break
            _Plain(meaning, False).visit(later)
            if touched:
                break


def _touches(statement: ast.AST, names: set[str]) -> bool:
    """Whether a statement binds one of the (dotted) names anew."""
    for node in syntax.fresh(statement):
        if isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            if _code(node) in names:
                return True
        elif isinstance(node, _DEFINITIONS):
            if node.name in names:
                return True
        elif isinstance(node, (ast.Global, ast.Nonlocal)) and names.intersection(node.names):
            return True
    return False


class _Plain(syntax.Rewriter):
    """Writes what a name stands for where it is called; in functions only where ``inside`` allows it."""

    def __init__(self, meaning: _Meaning, inside: bool) -> None:
        self.meaning, self.inside = meaning, inside
        self.own = {meaning.name, *map(_first, meaning.parts)}

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _FUNCTIONS):
            taken = {a.arg for a in syntax.fresh(node.args) if isinstance(a, ast.arg)}
            if not self.inside or taken & self.own:
                return node
        new = super().visit(node)
        assert isinstance(new, ast.AST)
        return new

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        meaning, func = self.meaning, node.func
        if meaning.value is not None and isinstance(func, ast.Name) and func.id == meaning.name:
            node.func = _moved(meaning.value, func)
        elif meaning.table and isinstance(func, ast.Subscript) and isinstance(func.value, ast.Name):
            key = func.slice.value if isinstance(func.slice, ast.Constant) else None
            if func.value.id == meaning.name and key in meaning.table:
                node.func = _moved(meaning.table[key], func)
        elif meaning.words:
            named = [w for w in node.keywords if w.arg is None]
            if len(named) == 1 and isinstance(named[0].value, ast.Name) and named[0].value.id == meaning.name:
                place = node.keywords.index(named[0])
                node.keywords[place : place + 1] = copy.deepcopy(meaning.words)
        return node


def _moved(value: ast.expr, to: ast.expr) -> ast.expr:
    """A copy of an expression that stands at another place."""
    made = copy.deepcopy(value)
    for node in syntax.fresh(made):
        if isinstance(node, ast.expr):
            ast.copy_location(node, to)
    return made


def _take_apart(tree: ast.Module) -> None:
    """``for pair in enumerate(rows): i = pair[0]; row = pair[1]`` takes the pair apart in its head."""
    for loop in [n for n in syntax.statements(tree) if isinstance(n, ast.For)]:
        over, target = loop.iter, loop.target
        outer = target if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
        if outer is not None and isinstance(over, ast.Call) and _name(over) == "enumerate" and over.args:
            over, target = over.args[0], outer.elts[1]
        if not isinstance(target, ast.Name) or not _gives_pairs(over):
            continue
        parts = _parts(loop, target.id)
        if len(parts) == 2:
            made = ast.copy_location(ast.Tuple(parts, ast.Store()), target)
            if outer is not None:
                outer.elts[1] = made
            else:
                loop.target = made
            del loop.body[:2]


def _name(node: ast.expr) -> str:
    """The last part of the name of what is called."""
    func = node.func if isinstance(node, ast.Call) else None
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _gives_pairs(node: ast.expr) -> bool:
    """Whether an iterable surely gives pairs."""
    name = _name(node)
    return name in _PAIRS or (name == "zip" and isinstance(node, ast.Call) and len(node.args) == 2)


def _parts(loop: ast.For, name: str) -> list[ast.expr]:
    """The names that the first statements of a loop give to ``name[0]``, ``name[1]``, where that is all of its use."""
    names: list[ast.expr] = []
    for statement in loop.body[:-1]:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=part) as target],
                value=ast.Subscript(value=ast.Name(id=whole), slice=ast.Constant(value=int(at))),
            ) if whole == name and at == len(names) and part != name:
                names.append(target)
            case _:
                break
    uses = sum(isinstance(n, ast.Name) and n.id == name for s in loop.body for n in syntax.fresh(s))
    return names if uses == len(names) else []


_LOSS = ("input", "target")
_FIRST = {
    **dict.fromkeys(
        ("cross_entropy", "mse_loss", "nll_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div"), _LOSS
    ),
    **dict.fromkeys(("binary_cross_entropy", "binary_cross_entropy_with_logits", "multi_margin_loss"), _LOSS),
    **dict.fromkeys(("softmax", "log_softmax", "relu", "sigmoid", "dropout", "argmax"), ("input",)),
    **dict.fromkeys(("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "NAdam", "RAdam"), ("params",)),
    **dict.fromkeys(("StepLR", "CosineAnnealingLR", "LambdaLR", "ReduceLROnPlateau", "OneCycleLR"), ("optimizer",)),
    **dict.fromkeys(("DataLoader", "Subset", "random_split"), ("dataset",)),
    **dict.fromkeys(("clip_grad_norm_", "clip_grad_value_"), ("parameters",)),
}


def _by_place(tree: ast.Module) -> None:
    """Give the first arguments of well-known functions by their places."""
    own: set[str] | None = None
    for call in [n for n in syntax.fresh(tree) if isinstance(n, ast.Call) and n.keywords and not n.args]:
        names = _FIRST.get(_name(call), ())
        given = {w.arg: w for w in call.keywords}
        if not names or not all(n in given for n in names):
            continue
        if own is None:
            own = {n.name for n in syntax.statements(tree) if isinstance(n, _DEFINITIONS)}
        if _name(call) not in own:
            call.args = [given[n].value for n in names]
            call.keywords = [w for w in call.keywords if w.arg not in names]
