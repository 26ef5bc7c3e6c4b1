"""Comprehensions and the unrolling of short literals."""

from __future__ import annotations

import ast
from typing import Any

from seedbed.doctor.static import assignments, iteration, naming, syntax, vocabulary
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, ancestors, const

_MOST_KEYS = 12  # a table with named columns stays one: each column keeps what is known of it


def comprehension(run: Machine, node: Any) -> Val:
    """A list, set, dict or generator comprehension."""
    outer = run.scope
    run.scope = type(outer)(outer=outer, src=run.src)
    try:
        if (loop := training_loop(run, node)) is not None:
            return _looped(run, node, loop)
        sources: list[Val] = []
        tests: list[Val] = []  # what is left out by chance depends on the draw
        for gen in node.generators:
            over = run.eval(gen.iter)
            sources.append(over)
            run.emit("comprehension", "", node, recv=over)
            lone = len(node.generators) == 1 and not gen.ifs
            most = _MOST_KEYS if isinstance(node, ast.DictComp) else 4
            singles = unroll(over, node, run, most) or _written_out(over) or _counted(run, node, over) if lone else None
            if singles is not None:
                return _unrolled(run, node, gen.target, singles)
            one = iteration.element(run, over, gen.target)
            run.assign(gen.target, one)
            tests += [made for test in gen.ifs if is_drawn(made := run.eval(test))]
        if isinstance(node, ast.DictComp):
            run.eval(node.key)
            val = Val("dict", "comprehension", node, run.src)
            val.attrs["*"] = made = run.eval(node.value)
            if made.kind == "number":
                val.attrs["*"] = assignments.code(run, node, (val,))
            val.args = (val.attrs["*"], *sources)
            val.tags.add("each")
            vocabulary.number(node, sources[0], val)
            return val
        made = run.eval(node.elt)
    finally:
        run.scope = outer
    val = Val("iter" if isinstance(node, ast.GeneratorExp) else "list", "comprehension", node, run.src)
    val.items = [made]
    val.args = (*sources, *tests)
    val.tags.add("each")
    if len(node.generators) == 1:
        val.attrs["__element__"] = one
    if sources and sources[0].kind == "list" and sources[0].items and "each" not in sources[0].tags:
        val.tags.add("literal")
    val.grad = made.grad
    return val


_DRAWS = frozenset(
    ["rand", "random", "np_random", "np_rand", "uniform", "bernoulli", "randint", "integers", "np_uniform"]
)


def is_drawn(test: Val) -> bool:
    """Whether a test compares a number that was drawn there and then."""
    return any(v.name in _DRAWS and v.shape in (None, ()) for v in ancestors(test, limit=12))


def training_loop(run: Machine, node: Any) -> ast.For | None:
    """The loop that a comprehension stands for where what it calls trains: ``[step(b) for b in loader]``."""
    if "_training_loop" not in node.__dict__:
        node.__dict__["_training_loop"] = None
        called = set() if isinstance(node, ast.DictComp) else _called(node.elt)
        if len(node.generators) == 1 and called & trainers(run.src.tree):
            gen = node.generators[0]
            body: list[ast.stmt] = [ast.Assign([ast.Name(_MADE, ast.Store())], node.elt)]
            for test in gen.ifs:
                body = [ast.If(test, body, [])]
            made = ast.For(gen.target, gen.iter, body, [])
            for part in (made, *body, *(t for b in body for t in syntax.walk(b))):
                if "lineno" not in part.__dict__:
                    ast.copy_location(part, node)
            node.__dict__["_training_loop"] = made
    loop: ast.For | None = node.__dict__["_training_loop"]
    return loop


_MADE = "__each__"


def trainers(tree: ast.Module) -> set[str]:
    """Names of the functions of a file in which, or in what they call, a backward pass or an update happens."""
    known: set[str] | None = tree.__dict__.get("_trainers")
    if known is None:
        bodies = {
            n.name: _called(n) for n in syntax.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        known, grown = {name for name, calls in bodies.items() if "backward" in calls}, True
        while grown:
            more = {name for name, calls in bodies.items() if name not in known and calls & known}
            grown, known = bool(more), known | more
        tree.__dict__["_trainers"] = known - {"forward", "__call__", "__init__"}
        known = known - {"forward", "__call__", "__init__"}
    return known


def _called(node: ast.AST) -> set[str]:
    funcs = [n.func for n in syntax.walk(node) if isinstance(n, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in funcs if isinstance(f, (ast.Attribute, ast.Name))}


def _looped(run: Machine, node: Any, loop: ast.For) -> Val:
    over = run.eval(loop.iter)
    run.emit("comprehension", "", node, recv=over)
    run.run([loop])
    made = run.scope.vars.get(_MADE)
    val = Val("iter" if isinstance(node, ast.GeneratorExp) else "list", "comprehension", node, run.src)
    val.items = [made] if made is not None else []
    val.args = (over,)
    val.tags.add("each")
    val.grad = made is not None and made.grad
    return val


def _unrolled(run: Machine, node: Any, target: ast.expr, singles: list[Val]) -> Val:
    """A comprehension over a short literal, item by item."""
    if isinstance(node, ast.DictComp):
        made = Val("dict", "", node, run.src)
        for one in singles:
            run.assign(target, one)
            key = run.eval(node.key)
            part = run.eval(node.value)
            made.attrs[str(key.const) if key.kind == "const" else "*"] = part
            if part.kind in ("loader", "dataset") and not part.split and isinstance(key.const, str):
                part.split = naming.split_of(key.const)
        made.args = tuple(made.attrs.values())
        return made
    val = Val("iter" if isinstance(node, ast.GeneratorExp) else "list", "literal", node, run.src)
    val.items = []
    for one in singles:
        run.assign(target, one)
        val.items.append(run.eval(node.elt))
    val.grad = any(i.grad for i in val.items)
    return val


def unroll(over: Val, node: ast.AST, run: Machine, most: int = 4) -> list[Val] | None:
    """The items of a short literal (phases, names of splits), which a loop visits one by one."""
    if over.kind in ("list", "tuple") and over.items and not over.tags & {"each", "grown", "repeat"}:
        if 1 < len(over.items) <= 4 and any(
            i.kind == "const" or (i.kind in ("tuple", "list") and i.items and i.items[0].kind == "const")
            for i in over.items
        ):
            return list(over.items)
        if 1 < len(over.items) <= 4 and all(_is_turn(i) for i in over.items):
            return list(over.items)
        if 1 < len(over.items) <= 4 and isinstance(node, ast.ListComp) and _makes_optimizers(node, over.items):
            return list(over.items)
        if 1 < len(over.items) <= 8 and all(_is_data(i) for i in over.items):
            return list(over.items)
    if over.kind == "dict" and over.attrs and "*" not in over.attrs and 1 < len(over.attrs) <= most:
        return [const(key, node, run.src) for key in over.attrs]
    if over.kind == "iter" and over.name == "zip" and len(over.args) > 1:
        return _zipped(run, node, over)
    named = over.args[0] if over.kind == "iter" and over.name == "items" and over.args else over
    if named is not over and (named.kind == "dict" or named.name in ("ModuleDict", "ParameterDict")):
        box = over.args[0].attrs
        if 1 < len(box) <= most and "*" not in box:
            pairs = []
            for key, val in box.items():
                pair = Val("tuple", "pair", node, run.src)
                pair.items = [const(key, node, run.src), val]
                pairs.append(pair)
            return pairs
    return None


_STEPS = frozenset(["Adam", "AdamW", "SGD", "RMSprop", "NAdam", "RAdam", "Adagrad", "Adamax"])


def _makes_optimizers(node: ast.ListComp, items: list[Val]) -> bool:
    """``[Adam(m.parameters()) for m in (gen, critic)]``: an optimizer of its own for each model."""
    made = node.elt.func if isinstance(node.elt, ast.Call) else None
    name = syntax.text(made).rsplit(".", 1)[-1] if made is not None else ""
    return name in _STEPS and all(i.kind == "module" for i in items)


def _is_turn(row: Val) -> bool:
    """Whether a row of a literal holds the optimizer of one turn, beside the function that gives its loss."""
    if row.kind not in ("tuple", "list") or not row.items or row.tags & {"each", "grown", "repeat"}:
        return False
    kinds = [i.kind for i in row.items]
    return {"optimizer", "func"} <= set(kinds) <= {"optimizer", "func", "module", "const"}


def _zipped(run: Machine, node: ast.AST, over: Val) -> list[Val] | None:
    """``zip(("train", "test"), parts)``: names written down, each with what belongs to it."""
    names = next(
        (
            a.items
            for a in over.args
            if a.kind in ("list", "tuple") and a.items and all(isinstance(i.const, str) for i in a.items)
        ),
        None,
    )
    if names is None or not 1 < len(names) <= 4:
        return None
    rows = []
    for i in range(len(names)):
        row = Val("tuple", "pair", node, run.src)
        row.items = [iteration.part(run, a, i, node, len(names)) for a in over.args]
        rows.append(row)
    return rows


def _written_out(over: Val) -> list[Val] | None:
    """The rows of a short literal of tuples, of which each stands for a thing of its own (a split, a part)."""
    if over.kind not in ("list", "tuple") or not over.items or over.tags & {"each", "grown", "repeat"}:
        return None
    rows = over.items
    whole = all(r.kind in ("tuple", "list") and r.items and not r.tags & {"each", "grown", "repeat"} for r in rows)
    kinds = ("tensor", "const", "list", "dataset", "tuple")
    if 1 < len(rows) <= 4 and whole and all(i.kind in kinds for r in rows for i in r.items or ()):
        return list(rows)
    if 1 < len(rows) <= 4 and all(r.kind in ("slice", "dataset") or _is_cut(r) for r in rows):
        return list(rows)  # the parts of a split, each cut by its own bounds
    return None


def named_rows(over: Val, node: ast.AST, run: Machine) -> list[Val] | None:
    """``enumerate(["height", "weight"])``: each name with its number."""
    names = over.args[0].items if over.kind == "iter" and over.name == "enumerate" and len(over.args) == 1 else None
    if not names or any(type(n.const) is not str for n in names):
        return None
    return _counted(run, node, over)


def _counted(run: Machine, node: ast.AST, over: Val) -> list[Val] | None:
    """``enumerate((train, val, test))``: each part with its number."""
    inner = over.args[0] if over.kind == "iter" and over.name == "enumerate" and len(over.args) == 1 else None
    rows = (unroll(inner, node, run) or _written_out(inner)) if inner is not None else None
    if rows is None:
        return None
    found = []
    for place, row in enumerate(rows):
        pair = Val("tuple", "pair", node, run.src)
        pair.items = [const(place, node, run.src), row]
        found.append(pair)
    return found


def _is_data(val: Val) -> bool:
    """Whether a value is a table, an array or a target that was loaded or computed: not a layer and not a parameter."""
    return val.kind == "tensor" and not val.grad and val.owner is None and "opaque" not in val.tags


def _is_cut(val: Val) -> bool:
    """Whether a value is a slice of rows: ``rows[:100]``."""
    return val.name == "getitem" and len(val.args) > 1 and val.args[1].kind == "slice"


def _written_map(node: ast.Call) -> ast.GeneratorExp:
    """``map(f, loader)`` as ``(f(item) for item in loader)``."""
    made: ast.GeneratorExp | None = node.__dict__.get("_written_map")
    if made is None:
        item = ast.copy_location(ast.Name("__item__", ast.Store()), node)
        call = ast.copy_location(ast.Call(node.args[0], [ast.Name("__item__", ast.Load())], []), node)
        gen = ast.comprehension(item, node.args[1], [], 0)
        made = ast.fix_missing_locations(ast.copy_location(ast.GeneratorExp(call, [gen]), node))
        node.__dict__["_written_map"] = made
    return made


def mapped(run: Machine, node: ast.AST, func: Val, over: Val) -> Val | None:
    """``map(f, (a, b))`` over a short literal, item by item."""
    singles = unroll(over, node, run) or _written_out(over)
    lists = over.items or [] if over.kind == "tuple" and func.kind == "lib" and not over.tags else []
    if singles is None and 1 < len(lists) <= 8 and all(i.kind == "list" for i in lists):
        singles = lists  # ``map(torch.stack, (losses, rewards))``: the lists of an episode
    if singles is None:
        written = _written_map(node) if isinstance(node, ast.Call) and len(node.args) == 2 else None
        return comprehension(run, written) if written is not None and training_loop(run, written) else None
    val = Val("iter", "literal", node, run.src)
    val.items = [run.apply(func, node, (one,), {}) for one in singles]
    val.args = (over,)
    return val
