"""Which parameters a program picks: conditions on their names and shapes, worked out on the names that there are."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val

UNKNOWN = object()
Path = list[tuple[ast.expr, bool]]
Choice = tuple[Path, list[str], Val | None]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model: its name as ``named_parameters()`` gives it, its rank, the module that holds it."""

    name: str
    rank: int | None
    module: Val | None = None


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TEXT = frozenset(("endswith", "startswith", "split", "lower", "count", "find"))
MATRIX = Parameter("blocks.0.linear.weight", 2)
BIAS = Parameter("blocks.0.linear.bias", 1)
_NORMS = ("LayerNorm", "GroupNorm", "BatchNorm", "InstanceNorm", "RMSNorm")
_RANKS = {"Linear": 2, "Embedding": 2, "Conv1d": 3, "Conv2d": 4, "Conv3d": 5, "Bilinear": 3}


def parameters(module: Val, prefix: str = "", depth: int = 0) -> Iterator[Parameter]:
    """The parameters of a module of the program, as far as its layers are known."""
    if depth > 8:
        return
    if module.name in _RANKS or module.name.startswith(_NORMS):
        rank = _RANKS.get(module.name, 1)
        yield Parameter(f"{prefix}weight", rank, module)
        bias = module.kwargs.get("bias")
        if module.name != "Embedding" and not (bias is not None and bias.const is False):
            yield Parameter(f"{prefix}bias", 1, module)
        return
    if module.name in ("LSTM", "GRU", "RNN"):
        for kind in ("ih", "hh"):
            yield Parameter(f"{prefix}weight_{kind}_l0", 2, module)
            yield Parameter(f"{prefix}bias_{kind}_l0", 1, module)
        return
    parts = list(module.attrs.items())
    parts += [(str(i), v) for i, v in enumerate(module.items or []) if not any(v is w for _, w in parts)]
    for key, part in parts:
        if part.kind == "module":
            yield from parameters(part, f"{prefix}{key}.", depth + 1)
        elif part.kind == "tensor" and part.name == "Parameter":
            yield Parameter(f"{prefix}{key}", len(part.shape) if part.shape is not None else None, module)


def picks(p: Program, val: Val, one: Parameter) -> bool | None:
    """Whether a list (or generator) of parameters holds this one; ``None`` where that is not known."""
    found: bool | None = False
    for choice, names, over in _choices(p, val):
        here = satisfied(p, choice, names, one)
        if here is not False and over is not None and _is_picked(over):  # picked once before, under other names
            before = picks(p, over, one)
            here = before if before is not True else here
        if here is True:
            return True
        found = None if here is None else found
    return found if _choices(p, val) else None


def is_norm(one: Parameter) -> bool:
    """Whether a parameter belongs to a normalisation layer."""
    return one.module is not None and one.module.name.startswith(_NORMS)


def texts(p: Program, val: Val) -> Iterator[tuple[str, ast.AST | None, Source | None]]:
    """The texts by which a list of parameters is picked, each with the place where it is written."""
    tests = [node for path, _, _ in _choices(p, val) for test, _ in path for node in ast.walk(test)]
    called = {n.func.id for n in tests if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    asked = [func for name in sorted(called) if (func := _function(p, name)) is not None]
    tests += [node for func in asked for node in ast.walk(func.body)]
    for node in tests:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node, val.src
        held = (
            next((v for n, v, _ in reversed(p.assigns) if n == node.id), None) if isinstance(node, ast.Name) else None
        )
        for item in held.items or [held] if held is not None else ():
            if item.kind == "const" and isinstance(item.const, str):
                yield item.const, item.node, item.src


def _choices(p: Program, val: Val) -> list[Choice]:
    """The conditions under which a parameter gets into a list, its names in them, and where it comes from."""
    key = f"choices {id(val)}"
    if key not in p.cache:  # asked anew for every parameter of a model
        p.cache[key] = val, _conditions(p, val)
    found: list[Choice] = p.cache[key][1]
    return found


def _conditions(p: Program, val: Val) -> list[Choice]:
    node = val.node
    if val.name == "comprehension" and isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
        over = val.args[0] if val.args else None
        if len(node.generators) == 1 and (_over_parameters(node.generators[0].iter) or _holds_parameters(over)):
            names = [n.id for n in syntax.walk(node.generators[0].target) if isinstance(n, ast.Name)]
            return [([(test, True) for test in node.generators[0].ifs], names, over)]
        return []
    if val.name == "filter" and val.args and val.args[0].kind == "func" and val.args[0].owner is not None:
        func = val.args[0].owner.node
        if isinstance(func, ast.Lambda):
            return [([(func.body, True)], [a.arg for a in func.args.args], val.arg(1))]
        return []
    if val.name == "list" and val.args and val.args[0].kind == "iter":
        return _choices(p, val.args[0])
    found = []
    seen: set[int] = set()
    if any(e.recv is not None and any(o is val for o in e.recv.options()) for e in p.all("augment")):
        return []
    for event in p.all("keep"):
        if event.recv is None or id(event.node) in seen or not any(o is val for o in event.recv.options()):
            continue
        seen.add(id(event.node))
        path = _path_to(event, val)
        if path is None:
            return []
        found.append(path)
    return found


def last_choice(p: Program, val: Val) -> Event | Val | Place | None:
    """Where the last condition stands by which a list of parameters was picked."""
    if val.name == "list" and val.args:
        return last_choice(p, val.args[0])
    if val.name in ("comprehension", "filter"):
        return val
    kept = [e for e in p.all("keep") if e.recv is not None and any(o is val for o in e.recv.options())]
    if not kept:
        return None
    arms = kept[-1].conds_in(kept[-1].loop)
    branch = arms[-1][0] if arms and arms[-1][1] == 0 else None
    return (branch.test, kept[-1].src) if isinstance(branch, ast.If) else kept[-1]


def _over_parameters(node: ast.expr) -> bool:
    return any(w in syntax.text(node) for w in ("named_parameters(", ".parameters("))


def _holds_parameters(val: Val | None) -> bool:
    """Whether a value is the parameters of a model, or a list, a dict or a choice of them, whatever it is called."""
    while val is not None and val.kind != "params":
        if _is_picked(val):
            return True
        if val.kind != "iter" or val.name not in ("items", "values", "sorted", "reversed", "iter") or not val.args:
            return False
        inner = val.args[0]
        table = val.name in ("items", "values") and inner.kind == "dict" and inner.name == "dict" and inner.args
        val = inner.args[0] if table else inner
    return val is not None


def _is_picked(val: Val) -> bool:
    """Whether a list holds parameters as they are, alone or with their names: ``[(n, p) for n, p in ... if ...]``."""
    node = val.node
    if val.name != "comprehension" or not isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return False
    made, target = (syntax.text(n).strip("()") for n in (node.elt, node.generators[0].target))
    if len(node.generators) != 1 or made != target:
        return False
    return bool(val.args) and _holds_parameters(val.args[0])


def _path_to(event: Event, held: Val) -> tuple[Path, list[str], Val | None] | None:
    """The conditions on the way to ``held.append(p)`` in a loop over parameters."""
    run = next((r for r in reversed(event.loops) if isinstance(r.node, ast.For)), None)
    loop = run.node if run is not None else None
    if run is None or not isinstance(loop, ast.For):
        return None
    if not _over_parameters(loop.iter) and not _holds_parameters(run.over):
        return None
    if "recurse" in syntax.text(loop.iter):
        return None  # the names are those of one layer
    names = [n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)]
    path = way(loop.body, event.node)
    call = event.node
    if path is None or not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    chosen = call.func.value
    if isinstance(chosen, ast.Subscript) and not isinstance(chosen.slice, ast.Constant):
        return None  # which list it is depends on a key
    if isinstance(chosen, ast.IfExp):
        first = isinstance(chosen.body, ast.Name) and chosen.body.id == held.var
        path = [*path, (chosen.test, first)]
    return path, names, run.over


def way(body: list[ast.stmt], goal: ast.AST) -> Path | None:
    """The conditions under which a loop's body comes to a node: branches, and branches that left before it."""
    passed: Path = []
    for stmt in body:
        if isinstance(stmt, ast.If):
            for arm, yes in ((stmt.body, True), (stmt.orelse, False)):
                inner = way(arm, goal)
                if inner is not None:
                    return [*passed, (stmt.test, yes), *inner]
            if stmt.body and isinstance(stmt.body[-1], (ast.Continue, ast.Break, ast.Return)):
                passed.append((stmt.test, False))
        elif any(n is goal for n in syntax.walk(stmt)):
            return passed
    return None


def satisfied(p: Program, path: Path, names: list[str], one: Parameter) -> bool | None:
    """Whether all conditions hold for a parameter; the last of ``names`` is itself, one before it its name."""
    known: bool | None = True
    for test, yes in path:
        value = _Reader(p, names, one).value(test)
        if value is UNKNOWN:
            known = None
        elif bool(value) is not yes:
            return False
    return known


class _Reader:
    """Works out a condition for one parameter; what it does not know is ``UNKNOWN``."""

    def __init__(self, p: Program, names: list[str], one: Parameter) -> None:
        self.p = p
        self.one = one
        self.names: dict[str, Any] = {names[-1]: one} if names else {}
        if len(names) > 1:
            self.names[names[-2]] = one.name

    def value(self, node: ast.expr) -> Any:
        """The value of an expression."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        return method(node) if method is not None else UNKNOWN

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Any:
        items = [self.value(e) for e in node.elts]
        return UNKNOWN if any(i is UNKNOWN for i in items) else tuple(items)

    _list = _set = _tuple

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        for name, val, _ in reversed(self.p.assigns):
            if name == node.id:
                return _constant_of(val)
        return UNKNOWN

    def _boolop(self, node: ast.BoolOp) -> Any:
        stop = isinstance(node.op, ast.Or)
        values = [self.value(v) for v in node.values]
        if any(v is not UNKNOWN and bool(v) is stop for v in values):
            return stop
        return UNKNOWN if any(v is UNKNOWN for v in values) else not stop

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if value is UNKNOWN or not isinstance(node.op, (ast.Not, ast.USub)):
            return UNKNOWN
        return not value if isinstance(node.op, ast.Not) else -value

    def _compare(self, node: ast.Compare) -> Any:
        left, right = self.value(node.left), self.value(node.comparators[0])
        if len(node.ops) != 1 or left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        op = node.ops[0]
        try:
            if isinstance(op, (ast.In, ast.NotIn)):
                return (left in right) is isinstance(op, ast.In)
            return _COMPARE[type(op)](left, right) if type(op) in _COMPARE else UNKNOWN
        except TypeError:
            return UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Any:
        base = self.value(node.value)
        if isinstance(base, Parameter):
            if node.attr == "ndim":
                return base.rank if base.rank is not None else UNKNOWN
            if node.attr == "shape":
                return (1,) * base.rank if base.rank is not None else UNKNOWN
            return True if node.attr == "requires_grad" else UNKNOWN
        return UNKNOWN

    def _call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.args:
            if node.func.id in ("any", "all") and isinstance(node.args[0], (ast.GeneratorExp, ast.ListComp)):
                return self._any(node.args[0], node.func.id == "any")
            if node.func.id not in self.names and (func := _function(self.p, node.func.id)) is not None:
                return self._applied(func, node)
            inner = self.value(node.args[0])
            return len(inner) if node.func.id == "len" and isinstance(inner, (tuple, str)) else UNKNOWN
        if not isinstance(node.func, ast.Attribute):
            return UNKNOWN
        base, word = self.value(node.func.value), node.func.attr
        if isinstance(base, Parameter) and base.rank is not None:
            if word in ("dim", "ndimension"):
                return base.rank
            return (1,) * base.rank if word == "size" else UNKNOWN
        args = [self.value(a) for a in node.args]
        if not isinstance(base, str) or any(a is UNKNOWN for a in args) or word not in _TEXT:
            return UNKNOWN
        try:
            return getattr(base, word)(*args)
        except TypeError:
            return UNKNOWN

    def _applied(self, func: ast.Lambda, node: ast.Call) -> Any:
        """What a small function of the program says: its body, with its own names for what it is given."""
        given = [a.arg for a in func.args.args]
        values = [self.value(a) for a in node.args]
        if node.keywords or len(given) != len(values) or any(isinstance(v, Parameter) for v in values):
            return UNKNOWN
        inner = _Reader(self.p, [], self.one)
        inner.names = dict(zip(given, values, strict=True))
        return inner.value(func.body)

    def _subscript(self, node: ast.Subscript) -> Any:
        base, key = self.value(node.value), self.value(node.slice)
        try:
            return base[key] if isinstance(base, (list, tuple, str)) and isinstance(key, int) else UNKNOWN
        except IndexError:
            return UNKNOWN

    def _any(self, node: ast.GeneratorExp | ast.ListComp, want: bool) -> Any:
        gen = node.generators[0]
        over = self.value(gen.iter)
        if not isinstance(over, tuple) or len(node.generators) != 1 or gen.ifs or not isinstance(gen.target, ast.Name):
            return UNKNOWN
        results = []
        for item in over:
            self.names[gen.target.id] = item
            results.append(self.value(node.elt))
        if any(r is not UNKNOWN and bool(r) is want for r in results):
            return want
        return UNKNOWN if any(r is UNKNOWN for r in results) else not want


def _function(p: Program, name: str) -> ast.Lambda | None:
    """The one function of a name, if it is a single expression: ``hit = lambda n: ...``, ``def hit(n): return ...``."""
    found: list[ast.Lambda | None] = []
    for node in p.nodes(ast.Assign):
        if any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            found.append(node.value if isinstance(node.value, ast.Lambda) else None)
    for node in p.nodes(ast.FunctionDef):
        if node.name == name:
            body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            only = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
            found.append(ast.Lambda(args=node.args, body=only) if only is not None else None)
    one = found[0] if len(found) == 1 else None
    plain = one is not None and not (one.args.vararg or one.args.kwarg or one.args.defaults or one.args.kwonlyargs)
    return one if plain else None


def _constant_of(val: Val) -> Any:
    if val.kind == "const" and isinstance(val.const, (str, int, float)):
        return val.const
    if val.items is not None and all(i.kind == "const" for i in val.items):
        return tuple(i.const for i in val.items)
    return UNKNOWN
