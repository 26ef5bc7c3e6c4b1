"""How many items a data set says that it has, and how many its ``__getitem__`` can give."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

from seedbed.doctor.static import syntax

Sum = dict[str, int]
_CASTS = frozenset(["tensor", "as_tensor", "from_numpy", "asarray", "array", "list", "float", "astype", "FloatTensor",
                    "copy", "clone", "to", "to_numpy", "ascontiguousarray", "tuple", "Tensor"])  # fmt: skip


def too_few(cls: Any) -> tuple[ast.AST, str] | None:
    """The length of a data set of which ``__getitem__`` then reaches the beginning only, and what is wrong with it."""
    methods = {n: v.owner.node for n, v in cls.scope.vars.items() if v.kind == "func" and hasattr(v.owner, "node")}
    length, item = methods.get("__len__"), methods.get("__getitem__")
    if length is None or item is None or len(item.args.args) != 2:
        return None
    values = [n.value for n in syntax.walk(length) if isinstance(n, ast.Return) and n.value is not None]
    if len(values) != 1:
        return None
    attrs = _attributes(cls, item.args.args[0].arg)
    said = filled(values[0], local_sums(length))
    index, local = item.args.args[1].arg, local_sums(item)
    if any(isinstance(n, ast.AugAssign) and syntax.text(n.target) in (index, *local) for n in syntax.walk(item)):
        return None
    body = [filled(s, local) for s in item.body]
    nodes = [n for s in body for n in syntax.walk(s)]
    found = _blocks(said, nodes, index, attrs) or _pieces(said, nodes, index, attrs)
    return (values[0], found) if found else None


def _blocks(said: ast.expr, nodes: list[ast.AST], index: str, attrs: dict[str, ast.expr]) -> str:
    """``len(s) // n`` where the items are windows ``s[i : i + n]`` that begin at every ``i``."""
    for part in syntax.walk(said):
        top, below = _quotient(part)
        counted = _counted(top, attrs) if top is not None else set()
        if below is None or not counted or (isinstance(below, ast.Constant) and below.value == 1):
            continue
        width, windows = _sum(_seen(below, attrs)), 0
        if any(_scaled(n, index) or _handed(n, index) for n in nodes) or width is None:
            return ""
        for n in nodes:
            if not isinstance(n, ast.Subscript) or index not in _names(n.slice):
                continue
            if not isinstance(n.slice, ast.Slice):
                continue
            low, high = _sum(_seen(n.slice.lower, attrs)), _sum(_seen(n.slice.upper, attrs))
            if low is None or high is None or low.get(index) != 1 or _minus(high, low) != width:
                return ""
            windows += _root(n.value, attrs) in counted
        if windows:
            return (
                f"__len__ is {syntax.text(said)}, the number of disjoint blocks, but the windows begin at every index: "
                "only the first few windows are used, the beginning of the series"
            )
    return ""


def _pieces(said: ast.expr, nodes: list[ast.AST], index: str, attrs: dict[str, ast.expr]) -> str:
    """``len(files)`` where ``files[i // k]`` is read: each row gives ``k`` items."""
    counted = _counted(said, attrs) if isinstance(said, (ast.Call, ast.Subscript, ast.Attribute)) else set()
    if not counted:
        return ""
    divisors: set[str] = set()
    rows = 0
    for n in nodes:
        if isinstance(n, ast.Subscript) and index in _names(n.slice) and _root(n.value, attrs) in counted:
            top, below = _quotient(n.slice)
            if below is None or syntax.text(top or below) != index:
                return ""
            rows += 1
            divisors.add(syntax.text(below))
    used = Counter(isinstance(n, ast.Name) and n.id == index for n in nodes)[True]
    pairs = [(n.left, n.right) for n in nodes if isinstance(n, ast.BinOp) and isinstance(n.op, (ast.FloorDiv, ast.Mod))]
    pairs += [
        (n.args[0], n.args[1]) for n in nodes if isinstance(n, ast.expr) and _divmod(n) and isinstance(n, ast.Call)
    ]
    inside = sum(syntax.text(a) == index and syntax.text(b) in divisors for a, b in pairs)
    if not rows or used != inside or len(divisors) != 1 or divisors == {"1"}:
        return ""
    k = divisors.pop()
    return f"__len__ is {syntax.text(said)}, but each row gives {k} items (index // {k}): only the first rows are read"


def filled(node: Any, local: dict[str, ast.expr]) -> Any:
    """A fresh copy with what local names (or attributes) stand for in their place."""
    name = syntax.text(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
    if name in local and isinstance(node.ctx, ast.Load):
        return filled(local[name], {k: v for k, v in local.items() if k != name})
    if not isinstance(node, ast.AST):
        return [filled(n, local) for n in node] if isinstance(node, list) else node
    made = type(node)(**{f: filled(getattr(node, f, None), local) for f in node._fields})
    return ast.copy_location(made, node)


def local_sums(func: Any) -> dict[str, ast.expr]:
    """Names that are assigned once, from arithmetic; ``q, r = divmod(i, k)`` as ``i // k`` and ``i % k``."""
    found: dict[str, ast.expr] = {}
    counts: Counter[str] = Counter()
    for node in syntax.walk(func):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] += 1
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name) and isinstance(value, (ast.BinOp, ast.Name, ast.Attribute, ast.Call)):
            if not isinstance(value, ast.Call) or syntax.text(value.func) in ("int", "len"):
                found[target.id] = value
        elif isinstance(target, ast.Tuple) and len(target.elts) == 2:
            pair = _divmod(value) or (value.elts if isinstance(value, ast.Tuple) and len(value.elts) == 2 else None)
            for name, one in zip(target.elts, pair or (), strict=False):
                if isinstance(name, ast.Name) and isinstance(one, (ast.BinOp, ast.Name, ast.Attribute)):
                    found[name.id] = one
    return {n: v for n, v in found.items() if counts[n] == 1}


def _divmod(value: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    if isinstance(value, ast.Call) and syntax.text(value.func) == "divmod" and len(value.args) == 2:
        left, right = value.args
        return ast.BinOp(left, ast.FloorDiv(), right), ast.BinOp(left, ast.Mod(), right)
    return None


def _attributes(cls: Any, me: str) -> dict[str, ast.expr]:
    """What attributes are made from, where they are assigned once in the class."""
    found: dict[str, ast.expr] = {}
    counts: Counter[str] = Counter()
    for node in syntax.walk(cls.node):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                pairs = zip(target.elts, node.value.elts, strict=False) if both else [(target, node.value)]  # type: ignore[attr-defined]
                for name, value in pairs:
                    counts[syntax.text(name)] += 1
                    found[syntax.text(name)] = value
    return {n: v for n, v in found.items() if counts[n] == 1 and n.startswith(f"{me}.")}


def _root(node: ast.AST, attrs: dict[str, ast.expr], depth: int = 0) -> str:
    """The name behind casts and attributes: ``self.load`` made by ``torch.from_numpy(load)`` is ``load``."""
    while isinstance(node, ast.Call):
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        if (node.func.attr if isinstance(node.func, ast.Attribute) else syntax.text(node.func)) not in _CASTS:
            return ""
        library = isinstance(base, ast.Name) and base.id in ("torch", "np", "numpy", "th", "T")
        node = base if base is not None and not library else node.args[0] if node.args else ast.Constant(None)
    name = syntax.text(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
    return _root(attrs[name], attrs, depth + 1) or name if name in attrs and depth < 4 else name


def _counted(node: ast.expr, attrs: dict[str, ast.expr]) -> set[str]:
    """The tables whose rows an expression counts: ``len(s)``, ``s.shape[0]``, ``s.size(0)``."""
    found = set()
    for n in syntax.walk(node):
        if isinstance(n, ast.Call) and syntax.text(n.func) == "len" and n.args:
            found.add(_root(n.args[0], attrs))
        elif isinstance(n, ast.Subscript) and isinstance(n.value, ast.Attribute) and n.value.attr == "shape":
            found |= {_root(n.value.value, attrs)} if syntax.text(n.slice) == "0" else set()
        elif isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "size":
            found |= {_root(n.func.value, attrs)} if n.args and syntax.text(n.args[0]) == "0" else set()
        elif isinstance(n, ast.Attribute) and isinstance(attrs.get(syntax.text(n)), (ast.Call, ast.Subscript)):
            inner = attrs[syntax.text(n)]
            if syntax.text(inner).startswith("len(") or ".shape[0]" in syntax.text(inner):
                found |= _counted(inner, {k: v for k, v in attrs.items() if k != syntax.text(n)})
    return found - {""}


def _quotient(node: ast.AST) -> tuple[ast.expr | None, ast.expr | None]:
    """``(a, b)`` for ``a // b`` and ``int(a / b)``."""
    inner = node
    if isinstance(node, ast.Call) and syntax.text(node.func) in ("int", "math.floor") and len(node.args) == 1:
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div):
            return inner.left, inner.right
    if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.FloorDiv):
        return inner.left, inner.right
    return None, None


def _seen(node: ast.expr | None, attrs: dict[str, ast.expr]) -> ast.expr | None:
    """An expression with attributes that stand for an argument as that argument."""
    plain: dict[str, ast.expr] = {k: v for k, v in attrs.items() if isinstance(v, (ast.Name, ast.Constant))}
    return filled(node, plain) if node is not None else None


def _sum(node: ast.expr | None) -> Sum | None:
    """``i + n - 1`` as ``{"i": 1, "n": 1, "": -1}``, ``None`` for anything else."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return {"": node.value} if node.value else {}
    if isinstance(node, (ast.Name, ast.Attribute)):
        return {syntax.text(node): 1}
    if isinstance(node, ast.Call) and syntax.text(node.func) == "int" and len(node.args) == 1:
        return _sum(node.args[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        left, right = _sum(node.left), _sum(node.right)
        if left is None or right is None:
            return None
        return _minus(left, right if isinstance(node.op, ast.Sub) else {k: -v for k, v in right.items()})
    return None


def _minus(a: Sum, b: Sum) -> Sum:
    found = {k: a.get(k, 0) - b.get(k, 0) for k in a.keys() | b.keys()}
    return {k: v for k, v in found.items() if v}


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in syntax.walk(node) if isinstance(n, ast.Name)}


def _scaled(node: ast.AST, index: str) -> bool:
    """Whether an index is multiplied or divided: then it is not the place itself."""
    strides = (ast.Mult, ast.FloorDiv, ast.Mod, ast.Div)
    return isinstance(node, ast.BinOp) and isinstance(node.op, strides) and index in _loose(node)


def _handed(node: ast.AST, index: str) -> bool:
    """Whether an index goes into a call, which may turn it into something else."""
    given = node.args if isinstance(node, ast.Call) and syntax.text(node.func) != "int" else []
    return any(index in _loose(a) for a in given)


def _loose(node: ast.AST) -> set[str]:
    """Names in an expression outside of what picks items."""
    if isinstance(node, ast.Subscript):
        return _loose(node.value)
    found = {node.id} if isinstance(node, ast.Name) else set()
    for child in ast.iter_child_nodes(node):
        found |= _loose(child)
    return found
