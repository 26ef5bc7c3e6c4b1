"""Whether a value is proved to be a tensor or an array: an operator alone, or a name alone, proves nothing."""

from __future__ import annotations

import ast

from seedbed.doctor.static import syntax
from seedbed.doctor.static.op_shapes import CREATORS, LIKE
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

# Methods that only tensors and arrays have.
ONLY_TENSORS = frozenset(
    [
        "clamp",
        "clamp_min",
        "clamp_max",
        "unsqueeze",
        "squeeze",
        "masked_fill",
        "log_softmax",
        "softmax",
        "index_fill",
        "masked_scatter",
        "index_copy",
        "scatter_add",
        "index_add",
        "nan_to_num",
        "type_as",
        "permute",
        "erfinv",
        "contiguous",
        "triu",
        "tril",
        "movedim",
        "swapaxes",
        "moveaxis",
        "bfloat16",
        "unflatten",
        "view_as",
        "requires_grad_",
        "log1p",
        "cumsum",
        "argmax",
        "argmin",
        "matmul",
        "bmm",
        "expand_as",
        "reshape_as",
    ]
)
_SURE = frozenset(["forward", "loss", "parameter", "Parameter", "batch", "grad", "train_test_split", "one_hot"])
_PARTS = frozenset(["element", "part", "getitem", "data", "T", "mT", "index", "chunks", "real", "imag", "values"])
_OPERATORS = frozenset(
    ["add", "sub", "mul", "div", "floor_divide", "mod", "pow", "matmul", "and", "or", "xor", "neg", "invert", "pos"]
)
_HOMES = ("torch.", "torch.nn.functional.", "torch.linalg.", "torch.special.", "torch.fft.", "numpy.", "numpy.random.")
_OTHER = frozenset(
    [
        "device",
        "load",
        "compile",
        "dtype",
        "finfo",
        "iinfo",
        "is_tensor",
        "get_default_dtype",
        "get_rng_state",
        "jit",
        "seed",
        "manual_seed",
        "typename",
        "numel",
        "is_floating_point",
        "promote_types",
        "result_type",
        "size",
        "errstate",
        "vectorize",
        "memmap",
        "nditer",
        "ndenumerate",
        "default_rng",
        "get_state",
        "vmap",
        "shape",
        "ndim",
        "nonzero",
    ]
)
_MOST = 60  # values that are looked at


def is_tensor(p: Program, val: Val) -> bool:
    """Whether every value that it can be is surely a tensor or an array."""
    return _proved(val, _makers(p), {}, _MOST)


def is_torch(p: Program, val: Val) -> bool:
    """Whether it surely is a tensor of torch: made by a call of torch, or from such a tensor."""
    made = _makers(p)
    return _proved(val, {k: v for k, v in made.items() if v.startswith("torch.")}, {}, _MOST)


def _makers(p: Program) -> dict[int, str]:
    """The library calls that give a tensor, by the id of what they give."""
    if "proofs" not in p.cache:
        p.cache["proofs"] = {id(e.result): e.name for e in p.all("call") if e.result is not None and _gives(e.name)}
    found: dict[int, str] = p.cache["proofs"]
    return found


def _gives(name: str) -> bool:
    home, _, last = name.rpartition(".")
    return f"{home}." in _HOMES and (last[:1].islower() or last.endswith("Tensor")) and last not in _OTHER


def _proved(val: Val, makers: dict[int, str], seen: dict[int, bool], room: int) -> bool:
    if id(val) in seen:
        return seen[id(val)]
    if len(seen) > room:
        return False
    seen[id(val)] = True  # a way around a loop says nothing against it
    seen[id(val)] = answer = _judge(val, makers, seen, room)
    return answer


def _judge(val: Val, makers: dict[int, str], seen: dict[int, bool], room: int) -> bool:
    if val.kind == "phi":
        options = [o for o in val.options() if not o.is_none]
        return bool(options) and all(_proved(o, makers, seen, room) for o in options)
    if "pandas" in val.tags:
        return False
    if id(val) in makers:
        return True
    if val.kind == "unknown":
        return _annotated(val) or (val.name in ("part", "getitem", "element") and _first(val, makers, seen, room))
    if val.kind != "tensor":
        return False
    if val.name in _SURE:
        return "opaque" not in val.tags or val.name in ("forward", "loss")
    if getattr(val.owner, "kind", "") == "module" and val.owner.owner is None and "opaque" not in val.tags:
        return True  # the output of a layer of torch
    if val.name in _OPERATORS:
        return any(_proved(a, makers, seen, room) for a in val.args)
    if val.name == "compare":
        return any(_proved(a, makers, seen, room) for a in val.args[:2])
    if val.name in CREATORS or val.name in LIKE:
        return False  # by torch or numpy it would be among the makers
    called = isinstance(val.node, ast.Call) and isinstance(val.node.func, ast.Attribute)
    if called and val.name in ONLY_TENSORS:
        return True
    return (called or val.name in _PARTS) and _first(val, makers, seen, room)


def _first(val: Val, makers: dict[int, str], seen: dict[int, bool], room: int) -> bool:
    """Whether what it was taken from, or what the method belongs to, is a tensor or a batch of them."""
    if not val.args:
        return False
    base = val.args[0]
    if base.name == "batch" and val.name in ("part", "getitem"):
        return True
    return _proved(base, makers, seen, room)


def _annotated(val: Val) -> bool:
    """Whether a parameter is declared to be a tensor."""
    note = val.node.annotation if isinstance(val.node, ast.arg) else None
    return note is not None and syntax.text(note).split("|")[0].strip(" '\"").endswith(("Tensor", "ndarray"))
