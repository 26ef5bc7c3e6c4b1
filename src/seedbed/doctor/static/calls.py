"""Calls: functions, methods and classes of the program are run; library calls go to ``library``."""

from __future__ import annotations

import ast

from seedbed.doctor.static import (
    arguments,
    building,
    callers,
    iteration,
    layers,
    library,
    methods,
    named_tuples,
    naming,
    own_optimizers,
)
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Class, Func, Scope
from seedbed.doctor.static.values import Val, const, join, unknown

MAX_DEPTH = 14


def call(run: Machine, node: ast.Call) -> Val:
    """``f(...)``."""
    func = run.eval(node.func)
    args: list[Val] = []
    for part in node.args:
        val = run.eval(part)
        if isinstance(part, ast.Starred):
            val = iteration.opened(run, val, part)
            if val.items is not None and val.kind in ("list", "tuple", "iter"):
                for item in val.items:
                    if "each" in val.tags or "repeat" in val.tags:
                        item.tags.add("each")
                    args.append(item)
                if val.tags & {"repeat"}:
                    run.emit("repeat", "star", node, recv=val)
            else:
                args.append(unknown("star", part, run.src, val))
        else:
            args.append(val)
    kwargs: dict[str, Val] = {}
    for word in node.keywords:
        val = run.eval(word.value)
        if word.arg is not None:
            kwargs[word.arg] = val
        elif val.kind == "dict":
            kwargs.update({k: v for k, v in val.attrs.items() if k != "*"})
        else:
            kwargs["**"] = val
    if func.kind == "lib" and func.name == "builtins.super":
        return _super(run, node)
    return apply(run, func, node, tuple(args), kwargs)


def apply(run: Machine, func: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Call a value."""
    if func.kind == "phi":
        made: Val | None = None
        options = [o for o in func.options() if not o.is_none]
        if len(kinds := {layers.contract(o) for o in options}) > 1 and "" not in kinds:
            made = run.tensor("loss", node, *args, **kwargs)  # which loss it is decides what the model must give
            made.grad = run.grads[-1] and not layers.cut(args)
            run.emit("loss", "", node, recv=func, args=args, kwargs=kwargs, result=made)
            return made
        cheap = all(o.kind == "method" and o.name in methods.SETTINGS for o in options)
        for one in options[: 40 if cheap else 4]:
            made = join(made, apply(run, one, node, args, kwargs))
        return made if made is not None else unknown("call", node, run.src, *args)
    if func.kind == "func":
        if layers.is_forward(func):
            return forward(run, func.args[0], node, args, kwargs)
        return invoke(run, func.owner, node, func.args + args, kwargs)
    if func.kind == "class":
        return instantiate(run, func, node, args, kwargs)
    if func.kind == "module":
        return forward(run, func, node, args, kwargs)
    if func.kind == "lib":
        return library.call(run, func.name, node, args, kwargs)
    if func.kind == "method":
        return methods.call(run, func.args[0], func.name, node, args, kwargs)
    if func.kind == "partial":
        return apply(run, func.args[0], node, func.args[1:] + args, {**func.kwargs, **kwargs})
    if func.kind == "super":
        _fill(func.args, args)
        return const(None)
    if func.kind in ("instance", "dataset") and func.owner is not None and hasattr(func.owner, "method"):
        method = func.owner.method("__call__")
        if method is not None:
            return invoke(run, method, node, (func, *args), kwargs)
    if func.kind == "context" and args and args[0].kind == "func":
        args[0].owner.node.decorator_list.append(ast.Name(func.name, ast.Load()))
        return args[0]
    return _call_unknown(run, func, node, args, kwargs)


def _call_unknown(run: Machine, func: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    if (held := callers.others(run, func, node, args, kwargs)) is not None:
        return held
    name = func.var or func.name
    values = tuple(kwargs.values())
    if naming.is_loss(name) and len(args) + len(kwargs) >= 1:
        made = run.tensor("loss", node, *args, **kwargs)
        made.grad = run.grads[-1] and not layers.cut(args)
        made.owner = func
        run.emit("loss", "", node, recv=func, args=args, kwargs=kwargs, result=made)
        return made
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and naming.is_class(node.func.id):
        made = unknown(name, node, run.src, *args, *values)  # a class that is defined elsewhere
        if naming.is_model(name):
            made.tags.add("module")
        return made
    if "module" in func.tags or func.tags & {"moded"} or naming.is_model(name):
        made = run.tensor("forward", node, *args, *values)
        made.tags.add("opaque")
        made.grad = run.grads[-1]
        made.owner = func
        run.emit(
            "forward",
            name,
            node,
            recv=func,
            args=args,
            kwargs=kwargs,
            result=made,
            mode=run.modes.get(id(func), ""),
        )
        return made
    made = unknown(func.name or func.var, node, run.src, *args, *values, func)
    made.tags.add("opaque")
    run.emit("call", func.name or func.var, node, recv=func, args=args, kwargs=kwargs, result=made)
    return made


def make_lambda(run: Machine, node: ast.Lambda) -> Val:
    """A lambda as a function value."""
    val = Val("func", "<lambda>", node, run.src)
    val.owner = Func(node, run.scope, run.src)
    return val


def invoke(run: Machine, func: Func, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Run a function of the program with these arguments."""
    func.calls += 1
    run.project.called.add(id(func.node))
    if func.owner is not None and func.owner.base in own_optimizers.BASES and args and func.name in run.parts:
        return own_optimizers.called(run, func, node, args, kwargs)
    again = sum(f is func for f in run.funcs)
    if len(run.funcs) > MAX_DEPTH or again > 1:
        return unknown(func.name, node, run.src, *args, *kwargs.values())
    kept = run.reminder(func, args, kwargs)
    if kept is not None and kept in run.memory:
        return run.memory[kept]
    scope = Scope(outer=func.scope, src=func.src)
    arguments.bind(run, func, scope, args, kwargs)
    saved = run.scope, run.src
    grads = len(run.grads)
    decorators = func.decorators
    if decorators & {"no_grad", "inference_mode"}:
        run.grads.append(False)
    elif "enable_grad" in decorators:
        run.grads.append(True)
    run.scope, run.src = scope, func.src
    run.funcs.append(func)
    run.sites.append((node, saved[1]))
    run.returns.append([])
    run.yields.append([])
    try:
        if isinstance(func.node, ast.Lambda):
            result = run.eval(func.node.body)
            run.emit("return", "lambda", func.node.body, result=result)
        else:
            run.run(func.node.body)
            result = _result(run, node)
    finally:
        run.funcs.pop()
        run.sites.pop()
        run.returns.pop()
        run.yields.pop()
        run.scope, run.src = saved
        del run.grads[grads:]
    if not run.quiet and func.node is not node:
        me = Val("func", func.name, node, run.src)
        me.owner = func
        run.emit("invoke", func.name, node, recv=me, args=args, kwargs=kwargs, result=result)
    if func.commands:
        callers.commands(run, func.commands, node)
    if decorators & {"contextmanager"}:
        return unknown(func.name, node, run.src)
    if kept is not None:
        run.memory[kept] = result
    return result


def _result(run: Machine, node: ast.AST) -> Val:
    if run.yields[-1]:
        made = Val("iter", "generator", node, run.src)
        made.items = list(run.yields[-1])
        made.args = iteration.handed_on(run)
        return made
    result: Val | None = None
    for val in run.returns[-1]:
        result = join(result, val)
    return result if result is not None else const(None, node, run.src)


def instantiate(run: Machine, cls_val: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Make an instance of a class of the program."""
    cls: Class = cls_val.owner
    cls.made += 1
    run.project.called.add(id(cls.node))
    kinds = {"module": "module", "dataset": "dataset", "iterable": "dataset", **own_optimizers.BASES}
    val = Val(kinds.get(cls.base, "instance"), layers.own_name(cls.name, cls.lib_bases()), node, run.src)
    val.owner = cls
    val.args, val.kwargs = args, kwargs
    val.loops = tuple(frame.node for frame in run.loops)
    run.keep.append(val)
    if cls.base == "iterable":
        val.tags.add("iterable")
    if cls.base == "lightning":
        val.tags.add("lightning")
        if any(b.endswith("LightningModule") for b in cls.lib_bases()):
            val.kind = "module"
    if val.kind == "module":
        run.modes[id(val)] = "train"
    named = cls.base == "instance" and any(b.endswith("NamedTuple") for b in cls.lib_bases())
    if cls.base == "dataclass" or named:
        _dataclass(run, cls, val, args, kwargs)
    if named:
        val.items = list(val.attrs.values())
    if named_tuples.reads_keys(cls):
        val.attrs.update(kwargs)
    if (method := cls.method("__init__")) is not None:
        invoke(run, method, node, (val, *args), kwargs)
    if cls.base == "dataclass" and (method := cls.method("__post_init__")) is not None:
        invoke(run, method, node, (val,), {})
    run.emit("make", cls.name, node, args=args, kwargs=kwargs, result=val)
    return val


def _dataclass(run: Machine, cls: Class, val: Val, args: tuple[Val, ...], kwargs: dict[str, Val]) -> None:
    names = [
        s.target.id for c in reversed(cls.lineage()) for s in c.node.body
        if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
    ]  # fmt: skip
    spread = next((i for i, a in enumerate(args) if a.kind == "unknown" and a.name == "star"), len(names))
    for index, name in enumerate(names):
        default = cls.attribute(name)
        given = args[index] if index < min(len(args), spread) else kwargs.get(name)
        if given is None and args and (index >= spread or default is None):  # from a star, known in part or not at all
            given = unknown(name, cls.node, run.src, args[min(spread, len(args) - 1)])
        if given is not None:
            val.attrs[name] = given
        elif default is not None:
            if default.name == "field" and "default_factory" in default.kwargs:
                default = apply(run, default.kwargs["default_factory"], cls.node, (), {})
            val.attrs[name] = default


def forward(run: Machine, module: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Call a module."""
    mode = run.modes.get(id(module), "")
    if module.owner is not None and hasattr(module.owner, "method"):
        method = module.owner.method("forward") or module.owner.method("__call__")
        if method is not None and run.forward_depth < 6:
            run.forward_depth += 1
            try:
                inner = invoke(run, method, node, (module, *args), kwargs)
            finally:
                run.forward_depth -= 1
            result = wrap(run, module, inner, node)
        else:
            result = run.tensor("forward", node, *args, *kwargs.values())
            result.tags.add("opaque")
            result.owner = module
            result.grad = run.grads[-1]
    elif module.name in ("Sequential", "DataParallel", "DistributedDataParallel") and module.items is not None:
        result = args[0] if args else unknown("input", node, run.src)
        run.forward_depth += 1
        try:
            result = _in_turn(run, module.items, node, result)
        finally:
            run.forward_depth -= 1
        if module.items and "guarded" in module.items[-1].tags and result.kind == "tensor":
            result = _perhaps(run, result, node)
        result = wrap(run, module, result, node)
    else:
        result = library.layer(run, module, node, args, kwargs)
    if module.name.endswith("Loss"):
        run.emit("criterion", module.name, node, recv=module, args=args, kwargs=kwargs, result=result, mode=mode)
    else:
        run.emit("forward", module.name, node, recv=module, args=args, kwargs=kwargs, result=result, mode=mode)
    return result


def _perhaps(run: Machine, inner: Val, node: ast.AST) -> Val:
    """The result of an activation at the end that a condition may have left out: no claim about its range holds."""
    made = run.tensor("perhaps", node, inner)
    made.shape, made.dtype, made.split, made.grad = inner.shape, inner.dtype, inner.split, inner.grad
    return made


def _in_turn(run: Machine, layers: list[Val], node: ast.AST, result: Val) -> Val:
    """Layers one after the other; those put in under a condition in every way that it may go."""
    at = 0
    while at < len(layers):
        under = building.arm_of(layers[at])
        if under is None:
            result = apply(run, layers[at], node, (result,), {})
            at += 1
            continue
        ways: dict[str, Val] = {}
        while at < len(layers) and (own := building.arm_of(layers[at])) is not None and own[0] == under[0]:
            ways[own[1]] = apply(run, layers[at], node, (ways.get(own[1], result),), {})
            at += 1
        joined: Val | None = None if set(ways) == {"0", "1"} else result
        for way in ways.values():
            joined = join(joined, way)
        result = joined if joined is not None else result
    return result


def wrap(run: Machine, module: Val, inner: Val, node: ast.AST) -> Val:
    """The output of a module, seen from outside: made by it, from what its ``forward`` returned."""
    if inner.kind in ("tuple", "list", "instance") and inner.items:
        made = Val(inner.kind, "forward", node, run.src)
        made.items = [wrap(run, module, i, node) for i in inner.items]
        made.tags, made.owner = set(inner.tags), inner.owner
        made.attrs = dict(zip(inner.attrs, made.items, strict=False))
        return made
    if inner.kind in ("dict", "const", "module", "instance", "distribution"):
        return inner
    made = run.tensor("forward", node, inner)
    made.owner = module
    made.shape, made.dtype, made.split = inner.shape, inner.dtype, inner.split
    made.grad = run.grads[-1] and (inner.grad or inner.kind != "tensor")
    return made


def _fill(built: tuple[Val, ...], layers: tuple[Val, ...]) -> None:
    """``super().__init__(a, b)`` in a class that is a ``Sequential``: these are its layers, in this order."""
    me = built[0] if built else None
    if me is None or me.kind != "module" or me.items is not None or not layers or me.owner is None:
        return
    if "torch.nn.Sequential" in me.owner.lib_bases() and all(v.kind == "module" for v in layers):
        me.items = list(layers)


def _super(run: Machine, node: ast.AST) -> Val:
    """``super()``: methods of the next class in line, bound to ``self``."""
    val = Val("instance", "super", node, run.src)
    func = next((f for f in reversed(run.funcs) if f.owner is not None), None)
    self_name = func.node.args.args[0].arg if func is not None and func.node.args.args else "self"
    me = run.scope.find(self_name)
    if func is None or me is None:
        return unknown("super", node, run.src)
    for cls in func.owner.lineage()[1:] if func.owner is not None else []:
        for name, member in cls.scope.vars.items():
            if member.kind == "func" and name not in val.attrs:
                bound = Val("func", name, node, run.src)
                bound.owner, bound.args = member.owner, (me,)
                val.attrs[name] = bound
    if "__init__" not in val.attrs:
        val.attrs["__init__"] = first = Val("super", "__init__", node, run.src)
        first.args = (me,)
        me.tags.add("super")
    if me.kind in ("module", "dataset"):
        made = Val("module_super", "super", node, run.src)
        made.attrs, made.args = val.attrs, (me,)
        return made
    return val
