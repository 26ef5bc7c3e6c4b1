"""Assignments to attributes and items, and what ``with`` turns on."""

from __future__ import annotations

import ast

from seedbed.doctor.static import naming, ops, sequences, syntax, vocabulary
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import Val, ancestors, join, uses_gradient

# Tables that are made empty and filled item by item: what is put in is where their rows come from.
_BUFFERS = frozenset(["zeros", "empty", "full", "ones", "zeros_like", "empty_like", "full_like", "new_zeros"])


def role(cls: Class) -> str:
    """What instances of a class are: module, dataset, iterable, autograd, lightning or instance."""
    for name in cls.lib_bases():
        last = name.rsplit(".", 1)[-1]
        if last in ("LightningModule", "LightningDataModule"):
            return "lightning"
        if last == "IterableDataset":
            return "iterable"
        if last == "Dataset" or last in ("TensorDataset", "ImageFolder", "Subset", "VisionDataset"):
            return "dataset"
        if name.startswith("torch.autograd") and last == "Function":
            return "autograd"
        if name.startswith("torch.optim"):
            return "scheduler_class" if ".lr_scheduler" in name else "optimizer_class"
        if last == "Module" or name.startswith(("torch.nn.", "torchvision.models", "transformers.")):
            return "module"
        if last.endswith(("Module", "PreTrainedModel")):
            return "module"
    return "instance"


def set_attribute(run: Machine, target: ast.Attribute, val: Val) -> None:
    """``obj.name = val``."""
    obj = run.eval(target.value)
    run.emit("attribute", target.attr, target, recv=obj, args=(val,))
    if target.attr == "data" and uses_gradient(val):
        run.emit("manual", "data", target, recv=obj, args=(val,))
    if target.attr == "grad" and (val.is_none or val.const == 0):  # 0: a tensor of the program's own
        run.emit("clear", "grad", target, recv=obj)
    if not val.var:
        val.var = target.attr
    for one in obj.options():
        if one.kind == "namespace":
            one.owner.vars[target.attr] = val
        else:
            old = one.attrs.get(target.attr)
            keep = run.conds and old is not None and not old.is_none
            one.attrs[target.attr] = join(old, val) if keep else val
            if target.attr == "training" and one.kind == "module":  # its own flag: its parts keep theirs
                run.modes[id(one)] = {True: "train", False: "eval"}.get(val.const, "mixed")
            if target.attr == "dataset" and one.kind == "dataset" and one.owner is None and one.args and not run.conds:
                one.args = (val, *one.args[1:])  # the part of a split reads the same places of another data set


def set_item(run: Machine, target: ast.Subscript, val: Val) -> None:
    """``obj[key] = val``."""
    obj = run.eval(target.value)
    key = run.eval(target.slice)
    run.emit("setitem", "", target, recv=obj, args=(key, val))
    if obj.kind == "list" and key.kind == "slice" and obj.items is not None and sequences.cut(run, obj, key, val):
        return
    if obj.kind == "dict" and key.kind == "const":
        obj.attrs[str(key.const)] = vocabulary.next_number(obj, val)
        if val.kind in ("loader", "dataset") and not val.split and isinstance(key.const, str):
            val.split = naming.split_of(key.const)
    elif obj.kind == "dict" or (obj.kind == "list" and key.kind != "const"):
        if obj.kind == "dict" and val.kind == "number" and val.name != "code":
            val = code(run, target, (obj,))
        obj.attrs["*"] = join(obj.attrs.get("*"), val)
        if obj.kind == "list" and obj.items and all(i.is_none for i in obj.items):
            obj.items = [val] * len(obj.items)  # places that were kept free are filled one by one
    elif obj.kind == "list" and obj.items is not None and isinstance(key.const, int):
        if -len(obj.items) <= key.const < len(obj.items):
            obj.items[key.const] = val
    elif obj.kind == "module" and obj.items is not None and key.kind == "const" and isinstance(key.const, int):
        if -len(obj.items) <= key.const < len(obj.items):
            run.emit("replace", str(key.const), target, recv=obj, args=(obj.items[key.const], val))
            obj.items[key.const] = val
    elif (
        obj.kind == "tensor"
        and obj.name in _BUFFERS
        and val.kind in ("tensor", "list", "unknown")
        and len(obj.args) < 12
    ):
        obj.args = (*obj.args, val)
        obj.grad = obj.grad or val.grad
        if val.grad:
            obj.tags.add("written")  # a gradient flows back through what was written into it
    elif obj.kind in ("module", "unknown", "method") and val.kind == "module" and key.kind == "const":
        _set_layer(run, target, obj, str(key.const), val)
    elif obj.kind == "tensor" and "pandas" in obj.tags and val.kind != "const":
        obj.args = (*obj.args, val)
    elif obj.kind == "tensor" and val.grad:
        obj.grad = True
        obj.args = (*obj.args, val)
        obj.tags.add("written")


def _set_layer(run: Machine, target: ast.Subscript, obj: Val, key: str, val: Val) -> None:
    """A layer that is put into a stack of unknown length, or into a part of a library's model."""
    owner = obj if obj.kind == "module" else next((v for v in ancestors(obj, limit=12) if "external" in v.tags), None)
    if owner is not None:
        run.emit("replace", key, target, recv=owner, args=(obj, val))
        owner.attrs[key if owner is obj else f"{syntax.text(target.value).rsplit('.', 1)[-1]}.{key}"] = val


def code(run: Machine, node: ast.AST, sources: tuple[Val, ...]) -> Val:
    """A number that stands for a word or class: it knows the table that gave it."""
    made = Val("number", "code", node, run.src)
    made.args = sources
    return made


def enter(run: Machine, val: Val) -> None:
    """``with val:``: grad mode and autocast change until the block ends."""
    for one in val.options():
        if one.kind == "context":
            if one.name in ("no_grad", "inference_mode"):
                flag = one.number(0, "mode")
                run.grads.append(bool(flag is False) or (run.grads[-1] and flag is False))
            elif one.name == "enable_grad":
                run.grads.append(True)
            elif one.name == "set_grad_enabled":
                flag = one.number(0, "mode")
                run.grads.append(run.grads[-1] if flag is None else bool(flag))
            elif one.name == "autocast":
                run.autocasts.append(one)


_REMADE = frozenset(("mul_", "div_", "clamp_", "clamp_min_", "clamp_max_"))
_OPERATIONS = frozenset(
    ("matmul", "mm", "bmm", "einsum", "add", "sub", "mul", "div", "sigmoid", "softmax", "forward", "Linear", "linear",
     "squeeze", "view", "reshape", "transpose", "permute", "mean", "sum", "exp", "norm", "masked_fill")
)  # fmt: skip


def remake(run: Machine, node: ast.expr, made: Val) -> None:
    """``scores.mul_(scale)`` as a statement: the variable is from now on what ``scores.mul(scale)`` gives.

    Only what an operation made: a parameter, a buffer or an element of a list stays the tensor that it is.
    """
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or made.name not in _REMADE:
        return
    place, old = node.func.value, made.args[0] if made.args else None
    named = isinstance(place, ast.Name) or (isinstance(place, ast.Attribute) and isinstance(place.value, ast.Name))
    if named and old is not None and old.kind == "tensor" and old.name in _OPERATIONS and "leaf" not in old.tags:
        run.assign(place, ops.apply(run, made.name[:-1], node, made.args, made.kwargs))
