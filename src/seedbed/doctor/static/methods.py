"""Methods of library objects: modules, optimizers, scalers, schedules, tensors, lists."""

from __future__ import annotations

import ast

from seedbed.doctor.static import (
    building,
    builtin_calls,
    callers,
    dictionaries,
    lightning,
    modes,
    naming,
    op_shapes,
    ops,
    texts,
)
from seedbed.doctor.static import sequences as seqs
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, join, unknown, uses_gradient

Args = tuple[Val, ...]
Words = dict[str, Val]

# What costs little, and is asked of each of several modules or optimizers: of all of them, not of the first few.
SETTINGS = frozenset(
    ("parameters", "named_parameters", "train", "eval", "requires_grad_", "zero_grad", "step", "to", "cuda", "cpu",
     "backward")
)  # fmt: skip


def call(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    """``obj.name(...)``."""
    if obj.kind == "phi":
        made: Val | None = None
        options = list(obj.options())
        every = name in SETTINGS or name.endswith("parameters") or all(o.kind == "const" for o in options)
        for one in options[: 40 if every else 4]:
            if not one.is_none:
                made = join(made, call(run, one, name, node, args, kwargs))
        return made if made is not None else const(None)
    if obj.is_none:  # None has no such method: what it really is was not seen
        obj = unknown("none", node, run.src)
    if name == "fit" and obj.kind in ("unknown", "object", "tensor"):
        lightning.fit(run, args, kwargs, node)
    result = callers.method(run, obj, name, node, args, kwargs) or _call(run, obj, name, node, args, kwargs)
    run.emit("call", f".{name}", node, recv=obj, args=args, kwargs=kwargs, result=result)
    return result


def _call(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    if name in ("backward", "manual_backward"):
        roots = args if obj.kind != "tensor" and args else ()
        run.emit("backward", name, node, recv=None if roots else obj, args=args, kwargs=kwargs)
        return const(None)
    if obj.kind in ("list", "dict") or (obj.kind == "iter" and obj.items is not None):
        return _collection(run, obj, name, node, args, kwargs)
    if obj.kind == "state" and name in ("items", "values", "keys", "copy"):
        return _state(run, obj, name, node)
    if obj.kind == "module_super":
        obj = obj.args[0]
    if obj.kind == "module":
        return module(run, obj, name, node, args, kwargs)
    if obj.kind in ("optimizer", "scheduler", "scaler"):
        return _trainer_part(run, obj, name, node, args, kwargs)
    if obj.kind == "parser":
        return builtin_calls.parser(run, obj, name, node, args, kwargs)
    if obj.kind == "object" and name == "zero_grad":  # a model whose class comes from elsewhere
        run.emit("clear", name, node, recv=obj)
    if obj.kind == "object":
        return _object(run, obj, name, node, args, kwargs)
    if obj.kind == "class" and name == "apply" and obj.owner.base == "autograd":
        made = run.tensor("custom", node, *args)
        made.grad = run.grads[-1]
        return made
    if obj.kind in ("unknown", "method", "instance"):
        made_unknown = _unknown(run, obj, name, node, args, kwargs)
        if made_unknown is not None:
            return made_unknown
    if obj.kind == "const" and isinstance(obj.const, str):
        return texts.method(run, obj, name, node, args, kwargs)
    if obj.kind == "loader" and name == "__iter__":
        return obj
    if name in ("grad",):
        return unknown(name, node, run.src)
    return tensor(run, obj, name, node, args, kwargs)


def tensor(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    """A method of a tensor (or of something unknown that is used like one)."""
    grad = obj.args[0] if obj.name == "data" and obj.args else obj
    if name in ("zero_", "fill_") and grad.name == "grad" and grad.args:
        run.emit("clear", "zero_", node, recv=grad.args[0])
    if name.endswith("_") and not name.endswith("__") and name != "requires_grad_":
        base = obj.args[0] if obj.name in ("data", "getitem") and obj.args else obj
        run.emit("inplace", name, node, recv=base, args=args, kwargs=kwargs)
        building.write(run, base, args)
        if name in ("sub_", "add_", "addcdiv_", "copy_") and any(uses_gradient(a) for a in args):
            run.emit("manual", name, node, recv=base, args=args, kwargs=kwargs)
    obj.shape = None if name == "resize" else obj.shape  # an array of numpy is given its new shape in place
    made = ops.apply(run, name, node, (obj, *args), kwargs)
    if obj.kind == "distribution" and (name == "log_prob" or (not args and name in ("sample", "rsample", "entropy"))):
        made.shape = op_shapes.of_distribution(obj)
    if obj.kind != "tensor" and not obj.shape and name not in ops.FLOATS and name not in op_shapes.SAME:
        made.kind = "unknown" if obj.kind in ("unknown", "method") else made.kind
    if name == "size" and not args:
        made.kind, made.name = "unknown", "shape"
        made.args = (obj,)
    elif name == "size" and obj.shape is not None and args and isinstance(args[0].const, int):
        at = args[0].const
        if -len(obj.shape) <= at < len(obj.shape) and isinstance(obj.shape[at], int):
            return const(obj.shape[at], node, run.src)
    if name in ("item", "tolist", "size", "dim", "numel"):
        made.kind = "number" if name != "tolist" else made.kind
        made.shape = ()
    made.split = obj.split
    if obj.kind == "tensor" and op_shapes.laid_out(name):
        obj.shape = made.shape if not run.conds else None
    if name == "requires_grad_":
        obj.grad = not (args and args[0].const is False)
        run.emit("requires_grad", name, node, recv=obj, args=args or (const(True),))
        obj.tags.add("leaf")
        return obj
    return made


def _state(run: Machine, obj: Val, name: str, node: ast.AST) -> Val:
    """What ``state_dict()`` gives as a dict; ``copy()`` is a new dict of the same tensors."""
    made = Val("state" if name == "copy" else "iter", name, node, run.src)
    made.args = obj.args if name == "copy" else (obj,)
    made.tags = set(obj.tags) if name == "copy" else set()
    return made


def submodules(val: Val) -> list[Val]:
    """A module and all modules in it, as they are registered."""
    found: dict[int, Val] = {}
    _collect(val, found)
    return list(found.values())


def _collect(val: Val, found: dict[int, Val]) -> None:
    for one in val.options():
        if one.kind == "module" and id(one) not in found:
            found[id(one)] = one
            for part in (*one.attrs.values(), *(one.items or ())):
                if part.kind in ("module", "phi"):
                    _collect(part, found)


def module(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    """A method of a module."""
    if name in ("train", "eval"):
        flag = args[0] if args else kwargs.get("mode")
        mode = "eval" if name == "eval" else "train"
        if flag is not None:
            mode = {True: "train", False: "eval"}.get(flag.const, "mixed") if flag.kind == "const" else "mixed"
        run.emit("mode", mode, node, recv=obj)
        modes.switch(run, obj, submodules(obj), mode, node)
        return obj
    if name in ("parameters", "named_parameters", "buffers", "named_buffers"):
        made = Val("params", name, node, run.src)
        made.args = (obj,)
        return made
    if name == "state_dict":
        made = Val("state", name, node, run.src)
        made.args = (obj,)
        return made
    if name == "load_state_dict":
        run.emit("restore", name, node, recv=obj, args=args, kwargs=kwargs)
        return unknown(name, node, run.src)
    if name == "zero_grad":
        run.emit("clear", name, node, recv=obj)
        return const(None)
    if name in (
        "to",
        "cuda",
        "cpu",
        "float",
        "double",
        "half",
        "bfloat16",
        "requires_grad_",
        "apply",
        "type",
    ):
        run.emit(
            "move" if name not in ("requires_grad_", "apply") else name, name, node, recv=obj, args=args, kwargs=kwargs
        )
        if name == "apply" and args and args[0].kind == "func":
            for layer in submodules(obj)[:30]:
                if run.budget > 2000:
                    run.apply(args[0], node, (layer,), {})
        return obj
    return _layers_of(run, obj, name, node, args, kwargs)


def _layers_of(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    """Methods that list, register or run the layers of a module; anything else is an opaque call."""
    if name in ("modules", "children", "named_modules", "named_children"):
        made = Val("iter", name, node, run.src)
        made.items = list(submodules(obj)[1:])[:40] if "named" not in name else None
        made.args = (obj,)
        made.tags.add("each")
        return made
    if name == "forward":
        return run.forward(obj, node, args, kwargs)
    if name == "pop" and obj.items and obj.name in ("Sequential", "ModuleList"):
        return seqs.take(run, obj, args[0] if args else None)
    if name in (
        "append",
        "extend",
        "insert",
        "add_module",
        "register_module",
        "register_buffer",
        "register_parameter",
    ):
        _register(run, obj, name, args, node)
        return obj
    if name in ("update_parameters", "update"):
        run.emit("average", name, node, recv=obj, args=args)
        return const(None)
    if name == "step":
        run.emit("step", name, node, recv=obj, args=args)
        return const(None)
    if name in ("items", "values", "keys"):
        made = Val("iter", name, node, run.src)
        made.args = (obj,)
        return made
    made = run.tensor("forward", node, *args, *kwargs.values())
    made.owner, made.grad = obj, run.grads[-1]
    made.tags.add("opaque")
    return made


def _register(run: Machine, obj: Val, name: str, args: Args, node: ast.AST) -> None:
    if name == "register_buffer" and len(args) > 1 and isinstance(args[0].const, str):
        args[1].tags.add("buffer")
        obj.attrs[args[0].const] = args[1]
    elif name in ("add_module", "register_module", "register_parameter") and len(args) > 1:
        key = args[0].const if isinstance(args[0].const, str) else f"_{len(obj.attrs)}"
        obj.attrs[key] = args[1]
        if obj.items is not None:
            obj.items.append(args[1])
    elif name == "append" and args:
        obj.items = [*(obj.items or []), args[0]]
        building.mark(run, obj, args[0])
        if any(not frame.exact for frame in run.loops):
            obj.tags.add("each")
    elif name == "extend" and args and args[0].items:
        obj.items = [*(obj.items or []), *args[0].items]
        if "repeat" in args[0].tags:
            run.emit("repeat", obj.name, node, recv=args[0])
    elif name == "insert" and len(args) > 1:
        seqs.insert(run, obj, args[0], args[1])


def _trainer_part(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    if obj.kind == "optimizer":
        if name == "step":
            closure = args[0] if args else kwargs.get("closure")
            if closure is not None and closure.kind == "func" and not naming.is_scheduler(closure.name):
                made = run.apply(closure, node, (), {})
                run.emit("step", "closure", node, recv=obj, args=args, result=made)
                return made
            run.emit("step", name, node, recv=obj, args=args)
            return const(None)
        if name == "zero_grad":
            run.emit("clear", name, node, recv=obj, args=args)
            return const(None)
        if name == "add_param_group" and args:
            obj.args = (*obj.args, args[0])
            return const(None)
    if obj.kind == "scheduler" and name == "step":
        run.emit("schedule", obj.name, node, recv=obj, args=args, kwargs=kwargs)
        return const(None)
    if obj.kind == "scaler":
        if name == "scale" and args:
            made = run.tensor("scaled", node, args[0], obj)
            made.shape = args[0].shape
            return made
        if name == "step":
            run.emit("scaler_step", name, node, recv=obj, args=args)
            for one in args[:1]:
                run.emit("step", "scaler", node, recv=one, args=(obj,))
            return const(None)
        if name == "update":
            run.emit("scaler_update", name, node, recv=obj)
            return const(None)
        if name == "unscale_":
            run.emit("unscale", name, node, recv=obj, args=args)
            return const(None)
    if name == "state_dict":
        made = Val("state", name, node, run.src)
        made.args = (obj,)
        return made
    if name == "load_state_dict":
        run.emit("restore", name, node, recv=obj, args=args, kwargs=kwargs)
        return const(None)
    return unknown(name, node, run.src, *args)


def _unknown(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    var = obj.var or obj.name
    if name == "step":
        if naming.is_scheduler(var):
            run.emit("schedule", "", node, recv=obj, args=args, kwargs=kwargs)
        elif naming.is_optimizer(var) or "optimizer" in obj.tags:
            if args and args[0].kind == "func":
                run.apply(args[0], node, (), {})
            run.emit("step", name, node, recv=obj, args=args)
        elif "scaler" in var and args:
            run.emit("scaler_step", name, node, recv=obj, args=args)
            run.emit("step", "scaler", node, recv=args[0], args=(obj,))
        else:
            return None
        return const(None)
    if name == "zero_grad":
        run.emit("clear", name, node, recv=obj, args=args)
        return const(None)
    if name == "update" and "scaler" in var:
        run.emit("scaler_update", name, node, recv=obj)
        return const(None)
    if name == "unscale_":
        run.emit("unscale", name, node, recv=obj, args=args)
        return const(None)
    if name == "scale" and "scaler" in var and args:
        return run.tensor("scaled", node, args[0], obj)
    module_like = naming.is_model(var) or obj.tags & {"module", "moded"}
    if name in ("train", "eval") and not (name == "eval" and args):
        return module(run, obj, name, node, args, kwargs) if module_like or not args else None
    known = ("parameters", "named_parameters", "state_dict", "load_state_dict", "forward", "requires_grad_")
    if name in known and (module_like or name.endswith("parameters")) and name != "requires_grad_":
        if name == "forward":
            made = run.tensor("forward", node, *args)
            made.owner, made.grad = obj, run.grads[-1]
            made.tags.add("opaque")
            run.emit("forward", var, node, recv=obj, args=args, result=made, mode=run.modes.get(id(obj), ""))
            return made
        return module(run, obj, name, node, args, kwargs)
    if module_like and name in ("to", "cuda", "cpu", "half", "float", "apply", "modules", "children", "named_modules"):
        return module(run, obj, name, node, args, kwargs)
    return None


def _object(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    """A scikit-learn-like object, a metric, a writer."""
    if name in ("fit", "fit_transform", "transform", "predict", "inverse_transform", "partial_fit"):
        run.emit("fit" if "fit" in name else "transform", name, node, recv=obj, args=args, kwargs=kwargs)
        if name == "fit":
            return obj
        made = run.tensor(name, node, *args, obj)
        made.split = args[0].split if args else ""
        made.shape = args[0].shape if args else None
        return made
    made = unknown(name, node, run.src, *args, *kwargs.values(), obj)
    made.grad = False
    return made


def _collection(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val:
    if name in ("append", "appendleft", "add") and args:
        if obj.items is not None and len(obj.items) < 64:
            obj.items.append(args[0])
            building.mark(run, obj, args[0])
        if any(not frame.exact for frame in run.loops):
            obj.tags.add("grown")
        run.emit("keep", name, node, recv=obj, args=args)
        return const(None)
    if name in ("extend", "insert") and args:
        more = args[-1]
        if obj.items is not None and name == "insert" and len(args) > 1:
            seqs.insert(run, obj, args[0], more)
        elif obj.items is not None:
            obj.items.extend(more.items if name == "extend" and more.items else [more])
        if name == "extend" and "repeat" in more.tags:
            run.emit("repeat", name, node, recv=more)
        run.emit("keep", name, node, recv=obj, args=args[-1:])
        return const(None)
    if obj.kind == "dict" and (found := dictionaries.called(run, obj, name, node, args, kwargs)) is not None:
        return found
    if name in ("pop", "popleft") and obj.items:
        return seqs.take(run, obj, args[0] if args else None) if name == "pop" else obj.items[-1]
    if (found := seqs.changed(run, obj, name, node, args)) is not None:
        return found
    if name == "copy":
        return obj
    made = unknown(name, node, run.src, obj, *args)
    return made
