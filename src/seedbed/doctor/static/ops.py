"""Operations on tensors, as functions or methods: the result's shape, type and provenance."""

from __future__ import annotations

import ast
import functools

from seedbed.doctor.static import op_shapes, shapes
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import CUTTING, Val, join

FLOATS = frozenset(
    [
        "randn",
        "rand",
        "normal",
        "linspace",
        "float",
        "double",
        "half",
        "softmax",
        "sigmoid",
        "log_softmax",
        "mean",
        "div",
        "true_divide",
        "std",
        "var",
        "exp",
        "log",
        "sqrt",
        "tanh",
        "bfloat16",
        "cos",
        "sin",
        "zeros",
        "ones",
        "standard_normal",
        "uniform",
    ]
)


LONGS = frozenset(
    ["long", "int", "argmax", "argmin", "randint", "argsort", "randperm", "bincount", "nonzero", "multinomial"]
)


def apply(run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """The tensor that the operation ``name`` gives."""
    first = args[0] if args else kwargs.get("input", kwargs.get("x"))
    if name in ("max", "min", "sort", "topk", "median", "mode", "cummax") and (
        "dim" in kwargs or (len(args) > 1 and args[1].kind == "const" and isinstance(args[1].const, int))
    ):
        return _with_indices(run, name, node, args, kwargs)
    if name in ("cat", "stack") and first is not None and first.kind == "phi" and args:
        orders = list(first.options())
        if 2 <= len(orders) <= 4 and all(o.kind in ("list", "tuple") and o.items for o in orders):
            made = [apply(run, name, node, (o, *args[1:]), kwargs) for o in orders]
            return functools.reduce(join, made)  # [a, b] if flip else [b, a]
    val = run.tensor(name, node, *args, **kwargs)
    if name in CUTTING or name in ("tensor", "as_tensor", "from_numpy") or name in op_shapes.CREATORS:
        val.grad = False
    if "requires_grad" in kwargs and kwargs["requires_grad"].const is True:
        val.grad = True
        val.tags.add("leaf")
    val.dtype = _dtype(name, first, kwargs, args)
    val.shape = op_shapes.shape_of(name, first, args, kwargs)
    if name in ("sub", "subtract") and len(args) > 1 and shapes.is_outer(args[0].shape, args[1].shape):
        val.tags.add("outer")
        run.emit("broadcast", "sub", node, args=args[:2], result=val)
    if first is not None and first.kind != "const":
        val.split = first.split
    if name in ("chunk", "split", "unbind", "tensor_split", "array_split"):
        val.kind = "iter" if first is not None and first.kind == "iter" else "tensor"
    if name == "split" and first is not None:
        val.kind = "iter"
        if first.name != "randperm" and first.name != "getitem":
            val.name = "chunks"
    return val


_JOINS = frozenset(["stack", "cat", "concatenate", "concat", "vstack", "hstack", "column_stack", "array", "asarray"])
_SMALL = frozenset(["uint8", "int8", "int16", "uint16"])  # those that overflow: it matters that they stay what they are


def _dtype(name: str, first: Val | None, kwargs: dict[str, Val], args: tuple[Val, ...] = ()) -> str:
    """The type of the numbers: float, long, bool, a small integer type, or ``""`` when unknown."""
    if name in ("byte", "ByteTensor", "imread", "imdecode", "read_image", "decode_image"):
        return "uint8"
    given = kwargs.get("dtype")
    if given is None and name in ("astype", "to", "type", "tensor", "as_tensor", "array", "asarray") and len(args) > 1:
        second = args[2] if name == "to" and len(args) > 2 and args[2].kind == "lib" else args[1]  # to(device, dtype)
        given = second if second.kind == "lib" or second.const in ("uint8", "float32") else None
    if given is not None and given.kind == "const" and isinstance(given.const, str):
        return "uint8" if given.const in ("uint8", "u1") else "float" if "float" in given.const else ""
    if given is not None and given.kind == "lib":
        last = given.name.rsplit(".", 1)[-1]
        if last in ("uint8", "int8", "int16", "uint16"):
            return last
        return "float" if "float" in last else "long" if "int" in last or last == "long" else last
    if name in FLOATS:
        return "float"
    if name in LONGS:
        return "long"
    if name in ("short", "char"):
        return "int16" if name == "short" else "int8"
    if name in ("eq", "ne", "lt", "gt", "le", "ge", "bool", "isnan"):
        return "bool"
    if name == "where" and len(args) == 3:
        kinds = {a.dtype for a in args[1:] if a.kind == "tensor"}
        return kinds.pop() if len(kinds) == 1 else ""
    if name in ("full", "new_full"):
        first = kwargs.get("fill_value", args[-1] if args else None)
        name = "tensor"
    elif name == "pad_sequence" and first is not None and first.items:
        first = first.items[0]
    elif name in _JOINS and first is not None and first.kind == "list" and first.items:
        kinds = {i.dtype if i.kind == "tensor" else "" for i in first.items}
        return kinds.pop() if len(kinds) == 1 and kinds <= _SMALL else first.dtype
    if name == "tensor" and first is not None:
        probe = first
        while probe.items:
            probe = probe.items[0]
        if probe.kind == "const" and isinstance(probe.const, (int, float)):
            return "float" if isinstance(probe.const, float) else "long"
    return first.dtype if first is not None else ""


def _with_indices(run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """``values, indices = x.max(dim)``."""
    pair = Val("tuple", name, node, run.src)
    best = run.tensor(name, node, *args, **kwargs)
    where = run.tensor("argmax" if name == "max" else f"{name}_indices", node, *args, **kwargs)
    where.grad, where.dtype = False, "long"
    dim = op_shapes.dim_of(args, kwargs)
    keep = kwargs.get("keepdim", args[2] if len(args) > 2 else None)
    if name not in ("sort", "topk"):
        shape = args[0].shape if args else None
        best.shape = where.shape = shapes.reduced(shape, dim, keep is not None and keep.const is True)
    if args:
        best.split = where.split = args[0].split
    pair.items = [best, where]
    pair.args = args
    pair.attrs = {"values": best, "indices": where}
    return pair
