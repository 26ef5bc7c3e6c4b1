"""Iteration and unpacking: elements, samples, batches and their parts."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.siblings import sibling
from seedbed.doctor.static.values import Shape, Val, ancestors, const, join, unknown

_WRAPPERS = frozenset(
    [
        "enumerate",
        "tqdm",
        "trange",
        "zip",
        "iter",
        "filter",
        "map",
        "prefetch",
        "track",
        "progress_bar",
        "reversed",
        "sorted",
        "list",
    ]
)


def element(run: Machine, val: Val, node: ast.AST) -> Val:
    """What iterating over ``val`` gives."""
    if val.kind == "phi":
        made: Val | None = None
        for one in val.options():
            made = join(made, element(run, one, node))
        return made if made is not None else unknown("element", node, run.src)
    if val.kind == "loader":
        return batch(run, val, node)
    if val.kind == "iter" and val.name in (*_WRAPPERS, "named_modules", "named_children"):
        return _wrapped_element(run, val, node)
    if val.items:
        made = None
        for one in val.items[:40]:
            made = join(made, one)
        return made if made is not None else unknown("element", node, run.src)
    if val.kind == "dict":
        return unknown("key", node, run.src, val)
    if val.kind == "iter" and val.name in ("items", "values"):
        return _entry(run, val, node)
    if val.kind in ("params", "groups"):
        made = run.tensor("parameter", node, val)
        made.grad = run.grads[-1]
        if val.name == "named_parameters":
            pair = Val("tuple", "pair", node, run.src)
            pair.items = [unknown("name", node, run.src), made]
            return pair
        if val.kind == "groups":
            group = Val("group", "group", node, run.src)
            group.args = (val,)
            return group
        return made
    if val.kind == "dataset":
        return sample(run, val, node)
    if val.kind == "instance" and (inner := _iterated(run, val, node)) is not None:
        return element(run, inner, node)
    if val.kind == "iter" and val.name == "range":
        made = Val("number", "int", node, run.src)
        made.args = (val,)
        return made
    if val.kind == "iter" and val.name == "split":
        made = run.tensor("index", node, val)
        whole = val.args[0].shape if val.args else None
        drawn = not val.args or any(v.name in ("randperm", "arange") for v in ancestors(val.args[0], limit=8))
        made.shape = (None, *whole[1:]) if whole else (None,) if drawn else None
        made.split = val.split
        return made
    made = run.tensor("element", node, val)
    if val.kind != "tensor":
        made.kind = "unknown"
    made.split = val.split
    if val.kind == "tensor" and val.shape:
        made.shape = val.shape[1:]
    return made


def _named_part(run: Machine, val: Val, node: ast.AST) -> Val:
    """One of ``named_modules()``: a name and a module."""
    part = unknown("module", node, run.src, val)
    part.tags.add("module")
    pair = Val("tuple", "pair", node, run.src)
    pair.items = [unknown("name", node, run.src), part]
    return pair


def _entry(run: Machine, val: Val, node: ast.AST) -> Val:
    """One of ``dict.items()`` or ``dict.values()``."""
    inner = val.args[0]
    value: Val | None = None
    if inner.kind == "state":
        value = run.tensor("parameter", node, inner)
        value.grad = False
    for one in list(inner.attrs.values())[:6]:
        value = join(value, one)
    value = value or unknown("value", node, run.src, inner)
    if val.name == "values":
        return value
    pair = Val("tuple", "pair", node, run.src)
    pair.items = [unknown("key", node, run.src), value]
    return pair


def _iterated(run: Machine, val: Val, node: ast.AST) -> Val | None:
    """What ``__iter__`` of an object of the program gives."""
    method = val.owner.method("__iter__") if hasattr(val.owner, "method") else None
    inner = run.invoke(method, node, (val,), {}) if method is not None else None
    return inner if inner is not val else None


def _wrapped_element(run: Machine, val: Val, node: ast.AST) -> Val:
    if val.name in ("named_modules", "named_children"):
        return _named_part(run, val, node)
    if val.name == "enumerate":
        pair = Val("tuple", "pair", node, run.src)
        count = Val("number", "int", node, run.src)
        count.tags.add("counter")
        pair.items = [count, element(run, val.args[0], node) if val.args else unknown()]
        return pair
    if val.name == "zip":
        pair = Val("tuple", "pair", node, run.src)
        pair.items = [element(run, a, node) for a in val.args]
        return pair
    if val.name == "filter" and len(val.args) > 1:
        return element(run, val.args[1], node)
    if val.name == "map" and len(val.args) > 1:
        return run.apply(val.args[0], node, (element(run, val.args[1], node),), {})
    return element(run, val.args[0], node) if val.args else unknown("element", node, run.src)


def sample(run: Machine, data: Val, node: ast.AST) -> Val:
    """One item of a dataset."""
    if "__sample__" in data.attrs:
        return data.attrs["__sample__"]
    data.attrs["__sample__"] = unknown("sample", node, run.src, data)  # a dataset that reads itself ends here
    made: Val | None = None
    if data.owner is not None and hasattr(data.owner, "method"):
        func = data.owner.method("__getitem__") or data.owner.method("__iter__")
        if func is not None:
            index = Val("number", "int", node, run.src)
            index.tags.add("index")
            args = (data, index) if func.name == "__getitem__" else (data,)
            made = run.invoke(func, node, args, {})
            if func.name == "__iter__":
                made = element(run, made, node)
    elif data.name == "TensorDataset":
        made = Val("tuple", "sample", node, run.src)
        made.items = []
        for one in data.args:
            part = run.tensor("element", node, one)
            part.shape = one.shape[1:] if one.shape else None
            part.dtype, part.split = one.dtype, one.split
            made.items.append(part)
    elif data.name in ("Subset", "random_split") and data.args:
        made = sample(run, data.args[0], node)
    elif (data.kind == "list" and data.items) or (data.kind == "tensor" and data.shape):
        made = element(run, data, node)
    if made is not None:
        data.attrs["__sample__"] = made
    return data.attrs["__sample__"]


def batch(run: Machine, loader: Val, node: ast.AST) -> Val:
    """One batch of a loader: the parts of a sample with a batch axis in front."""
    one = sample(run, loader.args[0], node) if loader.args else unknown()
    collate = loader.kwargs.get("collate_fn")
    if collate is not None and not collate.is_none:
        group = Val("list", "samples", node, run.src)
        group.items = [one]
        group.tags.add("each")
        made = run.apply(collate, node, (group,), {})
        if made.items:
            return _from_loader(run, made, loader, node, None)
        made.split = loader.split
        return made
    return _from_loader(run, one, loader, node, (None,))


def _from_loader(run: Machine, val: Val, loader: Val, node: ast.AST, lead: Shape | None) -> Val:
    if val.kind in ("tuple", "list") and val.items:
        made = Val("tuple", "batch", node, run.src)
        made.items = [_from_loader(run, i, loader, node, lead) for i in val.items]
        return made
    if val.kind == "dict":
        made = Val("dict", "batch", node, run.src)
        made.attrs = {k: _from_loader(run, v, loader, node, lead) for k, v in val.attrs.items()}
        return made
    made = run.tensor("batch", node, val, loader)
    if lead is not None:
        made.shape = (*lead, *val.shape) if val.shape is not None else None
        if val.kind in ("const", "number"):
            made.shape = lead
    made.dtype = val.dtype or ("long" if isinstance(val.const, int) and val.kind == "const" else "")
    made.split = loader.split
    made.grad = False
    if val.kind == "unknown":
        made.kind = "tensor"
        made.tags.add("opaque")
    return made


def part(run: Machine, val: Val, index: int, node: ast.AST, count: int) -> Val:
    """Part ``index`` of a value unpacked into ``count`` names."""
    if val.kind == "phi":
        made: Val | None = None
        for one in val.options():
            if not one.is_none:
                made = join(made, part(run, one, index, node, count))
        return made or unknown("part", node, run.src)
    drawn = val.kind == "iter" and val.name in ("literal", "comprehension")
    if val.items is not None and (val.kind in ("tuple", "list", "instance") or drawn):
        if "each" in val.tags and val.items:
            return sibling(val, index)
        if index < len(val.items):
            return val.items[index]
    if val.kind == "loader":
        return batch(run, val, node)
    if val.kind == "iter" and val.name == "chunks" and val.args and val.args[0].kind == "tensor":
        return _chunk(run, val, index, node)
    if val.kind == "tensor" and val.name == "chunk" and val.args and val.args[0].kind == "tensor":
        return _chunk(run, val, index, node)
    if val.kind == "iter":
        column = _column(run, val, index, node, count) if val.name == "zip" else None
        return column if column is not None else element(run, val, node)
    made = run.tensor("part", node, val)
    if val.kind != "tensor":
        made.kind = "unknown"
    made.place = index
    made.split = val.split
    if val.kind == "tensor" and val.name in _LAID_OUT and val.shape:
        made.shape, made.dtype = val.shape[1:], val.dtype  # a tensor is taken apart along its first axis
    if val.name == "element" and val.args and _folds(val.args[0]) and index < 2:
        made.split = ("train", "val")[index]  # the two lists of rows that a cross-validation gives
        made.tags.add("fold")
    if "opaque" in val.tags:
        made.tags.add("opaque")
    if val.name == "shape" and val.args:
        made.kind, made.name = "number", "shape"
        size = val.args[0].shape
        made.grad = False
        if size and index < len(size) and isinstance(size[index], int):
            return const(size[index], node, run.src)
    return made


def _column(run: Machine, val: Val, index: int, node: ast.AST, count: int) -> Val | None:
    """One of ``a, b = zip(*pairs)``: what stands at this place in all rows."""
    call, rows = val.node, val.args
    if not isinstance(call, ast.Call) or len(call.args) != 1 or not isinstance(call.args[0], ast.Starred) or not rows:
        return None
    if any(r.kind != "tuple" or r.items is None or len(r.items) != count for r in rows):
        return None
    if any(i.kind != "tensor" for r in rows for i in r.items or ()):
        return None  # of numbers and texts the rows that they come from are not followed as far as of tensors
    each = any("each" in r.tags for r in rows)
    made = Val("list" if each else "tuple", "comprehension" if each else "literal", node, run.src)
    made.items = [r.items[index] for r in rows if r.items is not None]
    made.tags |= {"each"} if each else set()
    return made


_LAID_OUT = frozenset(["permute", "transpose", "view", "reshape", "swapaxes", "movedim"])


def _folds(val: Val) -> bool:
    """Whether this is what a cross-validation (``KFold(5).split(x)``) gives: pairs of lists of rows."""
    return val.name == "split" and any(a.kind == "object" and a.name.endswith(("Fold", "Split")) for a in val.args)


def sizes_of(run: Machine, shape: Val, node: ast.AST, cut: tuple[Val, ...] = ()) -> Val | None:
    """The sizes of a tensor as a tuple, or a slice of them; ``None`` where it is not known how many there are."""
    whole = shape.args[0].shape
    ends = [None if one.is_none else one.const for one in cut]
    if any(end is not None and not isinstance(end, int) for end in ends):
        return None
    if whole is None and (len(ends) < 2 or ends[1] is None or any(end is not None and end < 0 for end in ends)):
        return None
    places = range(len(whole) if whole is not None else int(ends[1] or 0))[slice(*ends) if ends else slice(None)]
    made = Val("tuple", "sizes", node, run.src)
    made.items = [part(run, shape, place, node, len(places)) for place in places]
    return made


def opened(run: Machine, val: Val, node: ast.AST) -> Val:
    """What a star opens: the shape of a tensor of known rank is the tuple of its sizes."""
    sizes = sizes_of(run, val, node) if val.name == "shape" and val.kind == "unknown" and val.args else None
    return val if sizes is None else sizes


def _chunk(run: Machine, val: Val, index: int, node: ast.AST) -> Val:
    """One of the pieces of ``tensor.chunk(n)`` or ``tensor.split(n)``: a tensor of the same rank."""
    whole = val.args[0]
    made = run.tensor("part", node, whole)
    made.place, made.dtype, made.split = index, whole.dtype, whole.split
    made.tags.add("chunk")
    made.shape = tuple(None for _ in whole.shape) if whole.shape is not None else None
    count, dim = val.number(1, "chunks"), val.number(2, "dim") or 0
    if val.name == "chunk" and whole.shape is not None and isinstance(count, int) and count > 0:
        sizes = list(whole.shape)
        if -len(sizes) <= dim < len(sizes):
            size = sizes[dim]
            sizes[dim] = size // count if size is not None and size % count == 0 else None
            made.shape = tuple(sizes)
    return made


def handed_on(run: Machine) -> tuple[Val, ...]:
    """The loader of which a generator gives one thing a batch: ``for x, y in loader: yield x.to(device), y``."""
    body = run.funcs[-1].node.body
    loops = [s for s in body if isinstance(s, ast.For) and isinstance(s.iter, ast.Name)]
    parts = [n for s in body for n in syntax.walk(s)]
    if len(loops) != 1 or any(isinstance(n, (ast.While, ast.Break, ast.Continue, ast.Return)) for n in parts):
        return ()
    given = [s for s in loops[0].body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield)]
    over = run.scope.find(syntax.text(loops[0].iter))
    single = sum(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in parts) == len(given) == 1
    return (over,) if single and over is not None and over.kind == "loader" else ()
