"""What wrappers around models, optimizers and loaders give back: Accelerate, Fabric, DeepSpeed, Ignite, torch_xla.

What is wrapped stands for itself: a wrapper gives back the things that it is given, in the order that it says.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from seedbed.doctor.static import builtin_calls
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.values import Val, const, unknown

Args = tuple[Val, ...]
Words = dict[str, Val]

# Functions and classes, by the last two words of the dotted name or by the last one: the names of what is given back.
_SAME: dict[str, tuple[str, ...]] = {
    "DistributedDataParallel": ("module",),
    "FullyShardedDataParallel": ("module",),
    "ShardedDataParallel": ("module",),
    "MpDeviceLoader": ("loader",),
    "distributed.auto_model": ("model",),
    "distributed.auto_optim": ("optimizer",),
    "torch.prepare_model": ("model",),
    "torch.prepare_data_loader": ("data_loader",),
    "torch.DistributedOptimizer": ("optimizer",),
    "amp.initialize": ("models", "optimizers"),
    "amp.scale_loss": ("loss",),
    "intel_extension_for_pytorch.optimize": ("model", "_", "optimizer"),
}
# Methods, by the object and its usual name; "*": all that is given by place, one thing alone is given back as it is.
_ALL = ("*",)
_METHODS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "Accelerator": (
        "accelerator",
        {
            "prepare": _ALL,
            "prepare_model": ("model",),
            "prepare_optimizer": ("optimizer",),
            "prepare_data_loader": ("data_loader",),
            "prepare_scheduler": ("scheduler",),
            "unwrap_model": ("model",),
        },
    ),
    "Fabric": (
        "fabric",
        {
            "setup": _ALL,
            "setup_module": ("module",),
            "setup_optimizers": _ALL,
            "setup_dataloaders": _ALL,
        },
    ),
    "Booster": ("booster", {"boost": ("model", "optimizer", "criterion", "dataloader", "lr_scheduler")}),
    "PrivacyEngine": ("privacy_engine", {"make_private": ("module", "optimizer", "data_loader")}),
}
_CLIPS = {"clip_grad_norm_": "parameters", "clip_grad_value_": "parameters", "clip_gradients": "module"}
_SHARDED = {"ZeroRedundancyOptimizer": "optimizer_class", "OSS": "optim"}
_ENGINE_ORDER = ("args", "model", "optimizer", "model_parameters", "training_data", "lr_scheduler")


def library(run: Machine, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """A function of these libraries; ``None`` for all other functions."""
    root, _, last = name.rpartition(".")
    ends = f"{root.rpartition('.')[2]}.{last}"
    wanted = _SAME.get(ends) or _SAME.get(last)
    if wanted is not None:
        if name.startswith("torch.nn.") and args:
            return None  # layers know it
        return _together(run, [v for v in _given(wanted, args, kwargs) if v is not None], last, node)
    if ends == "distributed.auto_dataloader":
        return builtin_calls.library_value(run, "loader", "DataLoader", node, args, kwargs)
    if ends == "xla_model.optimizer_step" and args:
        run.emit("step", last, node, recv=args[0])
        return const(None, node, run.src)
    if last in _SHARDED and (args or "params" in kwargs):
        inner = kwargs.get(_SHARDED[last]) or (args[1] if len(args) > 1 else None)
        own = inner.name.rpartition(".")[2] if inner is not None and inner.kind == "lib" else last
        held = args[:1] or (kwargs["params"],)
        made = builtin_calls.library_value(run, "optimizer", own, node, held, {**kwargs})
        made.loops = tuple(frame.node for frame in run.loops)
        return made
    if name == "deepspeed.initialize":
        return _engine(run, node, args, kwargs)
    return None


def method(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """A method of what these libraries give; ``None`` for all other methods."""
    if name == "step" and obj.kind == "module" and "engine" in obj.tags:
        inner = run.memory[("engine", id(obj))]
        run.emit("step", name, node, recv=inner)
        run.emit("clear", name, node, recv=inner)  # it clears after each step by itself
        return const(None, node, run.src)
    for kind, (usual, known) in _METHODS.items():
        if obj.name != kind and (obj.kind == "object" or usual not in words(obj.var or obj.name)):
            continue
        if name in known and (wanted := known[name]) is not None:
            return _handed_back(run, obj, name, wanted, node, args, kwargs)
        target = args[0] if args else kwargs.get(_CLIPS.get(name, ""))
        if name in _CLIPS and target is not None:
            run.emit("clip", name, node, args=(target,), kwargs=kwargs)
            return unknown("norm", node, run.src)
    return None


def _handed_back(
    run: Machine, obj: Val, name: str, wanted: tuple[str, ...], node: ast.AST, args: Args, kwargs: Words
) -> Val | None:
    if wanted == _ALL:
        return _together(run, args, name, node)
    found = _given(wanted, args, kwargs)
    if len(wanted) == 1:
        return found[0]
    if obj.name not in _METHODS:
        return None
    return _together(run, [v if v is not None else const(None, node, run.src) for v in found], name, node)


def _given(wanted: Sequence[str], args: Args, kwargs: Words) -> list[Val | None]:
    """The arguments with these names, by name or by place."""
    return [kwargs.get(word, args[at] if at < len(args) else None) for at, word in enumerate(wanted)]


def _together(run: Machine, given: Sequence[Val], name: str, node: ast.AST) -> Val | None:
    if len(given) < 2:
        return given[0] if given and given[0].kind != "const" else None
    made = Val("tuple", name, node, run.src)
    made.items = list(given)
    return made


def _engine(run: Machine, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """``deepspeed.initialize(model=net)``: the model, which now steps by itself, and its optimizer."""
    known = dict(zip(_ENGINE_ORDER, _given(_ENGINE_ORDER, args, kwargs), strict=True))
    model, optimizer, rows = known["model"], known["optimizer"], known["training_data"]
    if model is None or model.kind != "module":
        return None
    if optimizer is None or optimizer.kind != "optimizer":
        params = known["model_parameters"]
        if params is None:
            params = builtin_calls.library_value(run, "params", "parameters", node, (model,), {})
        optimizer = builtin_calls.library_value(run, "optimizer", "DeepSpeed", node, (params,), {})
    model.tags.add("engine")
    run.memory[("engine", id(model))] = optimizer
    loader = None
    if rows is not None and not rows.is_none:
        loader = builtin_calls.library_value(run, "loader", "DataLoader", node, (rows,), {"shuffle": const(True)})
        loader.split = rows.split
    rest = (loader, known["lr_scheduler"])
    items = [model, optimizer, *(v if v is not None else const(None, node, run.src) for v in rest)]
    return _together(run, items, "initialize", node)
