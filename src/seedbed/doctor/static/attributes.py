"""Attributes, items and iteration of abstract values."""

from __future__ import annotations

import ast
import math

from seedbed.doctor.static import iteration, sequences, siblings, syntax
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import Shape, Val, const, join, unknown

_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf}


def get(run: Machine, obj: Val, name: str, node: ast.AST) -> Val:
    """``obj.name``."""
    if obj.kind == "phi":
        made: Val | None = None
        for count, one in enumerate(obj.options()):
            run.budget -= count > 3  # many are rare, and each costs as much as an expression
            if not one.is_none:
                made = join(made, get(run, one, name, node))
        return made if made is not None else unknown(name, node, run.src)
    if obj.kind == "lib":
        if name in _CONSTANTS and obj.name in ("math", "numpy", "np", "torch"):
            return const(_CONSTANTS[name], node, run.src)
        return Val("lib", f"{obj.name}.{name}", node, run.src)
    if obj.kind == "namespace":
        return obj.owner.find(name) or unknown(name, node, run.src)
    if name in obj.attrs and obj.kind != "dict":
        known = obj.attrs[name]
        if known.kind == "const" and run.loops and type(known.const) in (int, float) and name in _counted(obj.owner):
            return _running(known, name)
        return known
    if obj.kind in ("module", "instance", "dataset", "class", "optimizer", "scheduler") and obj.owner is not None:
        found = _member(run, obj, name, node)
        if found is not None:
            return found
    if name == "module" and obj.kind == "module":
        return obj  # what DataParallel and its like hold: they stand for the model itself here
    special = _special(run, obj, name, node)
    if special is not None:
        return special
    made = Val("method", name, node, run.src)
    made.args = (obj,)
    made.grad = obj.grad and name not in ("data", "shape", "device", "dtype")
    if obj.kind in ("instance", "module") and obj.owner is not None:
        made.kind = "unknown" if obj.kind == "instance" else "method"
        made.var = name
        obj.attrs.setdefault(name, made) if obj.kind == "instance" else None
    if obj.kind == "object" and name in ("data", "target") and obj.name in _BUNCHES and "as_frame" not in obj.kwargs:
        made.shape = (None, None) if name == "data" else (None,)
    if obj.kind == "unknown" and name not in ("train", "eval", "step", "zero_grad", "backward"):
        made.var = name
    return made


# Data sets of scikit-learn: a table with a row for each sample, and one target for each row.
_BUNCHES = frozenset(
    ["load_iris", "load_wine", "load_breast_cancer", "load_digits", "load_diabetes", "fetch_california_housing"]
)


def _running(known: Val, name: str) -> Val:
    """A number that methods count up: in a loop it is not what it was at first."""
    made = Val("number", "running", known.node, known.src)
    made.var = known.var or name
    return made


def _counted(cls: object) -> frozenset[str]:
    """The attributes that the methods of a class count up: ``self.step += 1``."""
    if not isinstance(cls, Class):
        return frozenset()
    found: frozenset[str] | None = cls.node.__dict__.get("_counted_up")
    if found is None:
        found = frozenset(
            part.target.attr
            for part in syntax.walk(cls.node)
            if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Attribute)
        )
        cls.node.__dict__["_counted_up"] = found
    return found


def _member(run: Machine, obj: Val, name: str, node: ast.AST) -> Val | None:
    """A method or class attribute of an instance of a class of the program."""
    cls = obj.owner
    if not hasattr(cls, "attribute"):
        return None
    found: Val | None = cls.attribute(name)
    if found is None:
        return None
    if found.kind != "func":
        return found
    decorators = found.owner.decorators
    if decorators & {"property", "cached_property"}:
        made = run.invoke(found.owner, node, (obj,), {})
        if "cached_property" in decorators or {"property"} < decorators & {"property", "cache", "lru_cache"}:
            obj.attrs[name] = made  # worked out once, then kept
        return made
    bound = Val("func", name, node, run.src)
    bound.owner = found.owner
    bound.tags = set(found.tags)
    if ("staticmethod" not in decorators and obj.kind != "class") or "classmethod" in decorators:
        bound.args = (obj,)
    return bound


_PACKS = ("pack_sequence", "pack_padded_sequence", "PackedSequence")


def _packed(run: Machine, obj: Val) -> bool:
    """Whether a value may be a packed sequence, whose ``data`` are its rows: the program packs, and a model made it."""
    if not any(word in run.src.text for word in _PACKS):
        return False
    return obj.name in (*_PACKS, "forward", "recurrent", "part") or "opaque" in obj.tags


def _special(run: Machine, obj: Val, name: str, node: ast.AST) -> Val | None:
    if obj.kind in ("tensor", "unknown", "method") or (obj.kind == "module" and name in ("weight", "bias")):
        if name == "data" and obj.kind == "tensor" and _packed(run, obj):
            made = run.tensor("packed_rows", node, obj)
            made.split = obj.split
            return made
        if name == "data" and obj.kind == "tensor":
            made = run.tensor("data", node, obj)
            made.grad, made.shape, made.split = False, obj.shape, obj.split
            return made
        if name == "grad":
            made = run.tensor("grad", node, obj)
            made.grad = False
            return made
        if name in ("T", "mT") and obj.kind == "tensor":
            made = run.tensor("T", node, obj)
            made.shape = obj.shape[::-1] if obj.shape else obj.shape
            return made
        if name == "shape":
            made = unknown("shape", node, run.src, obj)
            made.grad = False
            return made
        if name in ("weight", "bias") and obj.kind == "module":
            made = run.tensor("parameter", node, obj)
            made.grad = run.grads[-1]
            made.tags.add(name)
            obj.attrs[name] = made
            return made
        if name in ("sample", "logits", "last_hidden_state", "pooler_output") and obj.kind == "tensor":
            return None
    if name == "training" and run.modes.get(id(obj)) in ("train", "eval"):
        return const(run.modes[id(obj)] == "train", node, run.src)
    if name == "training":
        made = unknown("training", node, run.src, obj)
        made.tags.add("training")
        return made
    if obj.kind == "loader" and name == "dataset" and obj.args:
        return obj.args[0]
    if obj.kind == "dataset" and name == "dataset" and obj.args:
        run.emit("whole", obj.name, node, recv=obj, result=obj.args[0])
        return obj.args[0]
    if obj.kind in ("optimizer", "unknown") and name == "param_groups":
        made = Val("groups", "param_groups", node, run.src)
        made.args = (obj,)
        return made
    return None


def getitem(run: Machine, obj: Val, node: ast.Subscript) -> Val:
    """``obj[key]``."""
    key = run.eval(node.slice)
    run.emit("getitem", "", node, recv=obj, args=(key,))
    if obj.kind == "phi":
        made: Val | None = None
        for one in obj.options():
            if not one.is_none:
                made = join(made, _item(run, one, key, node))
        return made or unknown("getitem", node, run.src)
    return _item(run, obj, key, node)


def _item(run: Machine, obj: Val, key: Val, node: ast.Subscript) -> Val:
    if obj.kind == "dict":
        name = str(key.const) if key.kind == "const" else "*"
        if name in obj.attrs and name != "*":
            return obj.attrs[name]
        if obj.name == "defaultdict" and (own := _list_of(run, obj, key, node)) is not None:
            return own
        if "*" in obj.attrs:
            return _coded(run, obj, key, node)
        if obj.attrs and key.kind != "const":
            made: Val | None = None
            for one in list(obj.attrs.values())[:6]:
                made = join(made, one)
            return made or unknown("getitem", node, run.src)
    if obj.items and obj.kind in ("list", "tuple", "module"):
        if key.kind == "const" and isinstance(key.const, int):
            if "each" in obj.tags:
                return obj.items[0] if obj.kind == "module" else siblings.sibling(obj, key.const)
            if -len(obj.items) <= key.const < len(obj.items):
                return obj.items[key.const]
        elif key.kind == "slice":
            made = Val(obj.kind, obj.name if obj.kind == "module" else "slice", node, run.src)
            made.items = sequences.sliced(obj, key)
            made.tags, made.args = set(obj.tags), (obj,)
            return made
        elif obj.kind != "module" or obj.name in ("ModuleList", "ModuleDict"):
            return iteration.element(run, obj, node)
    if obj.kind == "module" and key.kind == "const" and str(key.const) in obj.attrs:
        return obj.attrs[str(key.const)]
    if obj.kind == "dataset":
        return iteration.sample(run, obj, node)
    if obj.name == "shape" and obj.args:
        if key.kind == "slice" and (sizes := iteration.sizes_of(run, obj, node, key.args[:3])) is not None:
            return sizes
        return iteration.part(run, obj, key.const if isinstance(key.const, int) and key.const >= 0 else 99, node, 0)
    made = run.tensor("getitem", node, obj, key)
    if obj.kind not in ("tensor",):
        made.kind = "unknown"
    made.shape = _indexed(obj.shape, node.slice, key)
    made.dtype, made.split = obj.dtype, obj.split
    if key.split and (not made.split or "fold" in key.tags):
        made.split = key.split
    return made


def _list_of(run: Machine, obj: Val, key: Val, node: ast.AST) -> Val | None:
    """An item of ``defaultdict(list)``: each known key has a list of its own, as long as no unknown one was used."""
    common = obj.attrs.get("*")
    if common is None or common.kind != "list" or common.items or common.tags:
        return None
    if key.kind == "const":
        made = obj.attrs[str(key.const)] = Val("list", "list", node, run.src)
        made.items = []
        return made
    found: Val | None = None
    for name, one in list(obj.attrs.items())[:6]:
        found = found if name == "*" else join(found, one)
    return found


def _coded(run: Machine, obj: Val, key: Val, node: ast.AST) -> Val:
    """An item of a table of words or classes: its code remembers the word that was looked up."""
    found = obj.attrs["*"]
    if found.kind != "number" or found.name != "code" or key.kind == "const":
        return found
    made = Val("number", "code", node, run.src)
    made.args = (*found.args, key)
    return made


def _indexed(shape: Shape | None, index: ast.expr, key: Val) -> Shape | None:
    """The shape of ``tensor[index]``."""
    if shape is None:
        return None
    keys = key.items if key.kind == "tuple" and key.items is not None else [key]
    rest: list[int | None] = list(shape)
    out: list[int | None] = []
    picks: list[Shape] = []  # tensors of indices go together, row by row, and make one set of axes
    start = 0
    for position, one in enumerate(keys):
        if one.kind == "const" and one.const is None:
            out.append(1)
        elif one.kind == "const" and one.const is Ellipsis:
            left = len([k for k in keys[position + 1 :] if not k.is_none])
            while len(rest) > left:
                out.append(rest.pop(0))
        elif not rest:
            return None
        elif one.kind == "slice":
            size = rest.pop(0)
            low, high = one.args[0].const, one.args[1].const
            plain = one.args[2].is_none
            if one.args[0].is_none and one.args[1].is_none and plain:
                out.append(size)
            elif isinstance(low or 0, int) and isinstance(high, int) and plain and high >= 0 and (low or 0) >= 0:
                out.append(max(0, min(high, size if size is not None else high) - (low or 0)))
            elif isinstance(low, int) and one.args[1].is_none and plain and size is not None:
                out.append(max(0, size - low) if low >= 0 else min(size, -low))
            else:
                out.append(None)
        elif one.kind == "number" or (one.kind == "const" and isinstance(one.const, int)):
            rest.pop(0)
        elif one.kind == "tensor" and one.shape is not None:
            if one.dtype == "bool":
                del rest[: len(one.shape)]
                out.append(None)
            else:
                rest.pop(0)
                picks.append(one.shape)
                if len(picks) == 1:
                    start = len(out)
                    out.extend(one.shape)
                elif len(out) != start + len(picks[0]):
                    return None  # apart from each other: what they pick comes first
                else:
                    picks = [_together(picks[0], one.shape)]
                    out[start:] = picks[0]
        elif one.kind == "list":
            rest.pop(0)
            out.append(None)
        else:
            return None
    return tuple(out + rest)


def _together(one: Shape, other: Shape) -> Shape:
    """The shape of two that are broadcast against each other."""
    long, short = (one, other) if len(one) >= len(other) else (other, one)
    at = len(long) - len(short)
    return (
        *long[:at],
        *(b if a == 1 else a if b == 1 or a == b else None for a, b in zip(long[at:], short, strict=True)),
    )
