"""Calls of Python's own functions: ``range``, ``len``, ``list``, ``getattr`` and so on."""

from __future__ import annotations

import ast

from seedbed.doctor.static import attributes, building, comprehensions, iteration, naming, ops
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, join, unknown

_WRAP = frozenset(["enumerate", "zip", "reversed", "sorted", "iter", "map", "tqdm", "trange", "track", "prefetch"])


_COLLECT = frozenset(["list", "tuple", "set"])


def builtin(run: Machine, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Call one of Python's own functions."""
    if last in _WRAP:
        if last == "trange":
            return library_value(run, "iter", "range", node, args, kwargs)
        if last == "tqdm" and args and args[0].kind in ("loader", "list", "tuple"):
            return args[0]
        if last == "map" and len(args) == 2:
            made = comprehensions.mapped(run, node, args[0], args[1])
            if made is not None:
                return made
        return library_value(run, "iter", last, node, args or tuple(kwargs.values()), kwargs)
    if last == "filter" and len(args) > 1:
        made = library_value(run, "iter", last, node, args, kwargs)
        made.grad = args[1].grad
        return made
    if last == "slice" and args:
        return _slice(run, node, args)
    if last == "range":
        return library_value(run, "iter", "range", node, args, kwargs)
    if last in _COLLECT:
        if not args:
            made = library_value(run, "list" if last != "tuple" else last, last, node, (), {})
            made.items = []
            return made
        if args[0].kind in ("list", "tuple", "iter") and args[0].items is not None:
            made = library_value(run, "list", last, node, args, {})
            made.items, made.tags = list(args[0].items), set(args[0].tags)
            return made
        if args[0].kind == "params":
            made = library_value(run, "params", args[0].name, node, args[0].args, {})
            made.tags.add("list")
            return made
        return unknown(last, node, run.src, *args)
    if last == "dict":
        made = library_value(run, "dict", last, node, args, {})
        made.attrs = dict(kwargs)
        made.attrs.update(building.named(args[0]) if args and args[0].kind != "module" else {})
        if args and not made.attrs and args[0].name == "zip":
            made.attrs = _by_name(run, node, args[0])
        if args and args[0].kind == "params" and args[0].name.startswith("named"):
            pair = iteration.element(run, args[0], node)
            made.attrs["*"] = pair.items[-1] if pair.items else pair
        return made
    if last in ("int", "float", "bool", "str") and args:
        if args[0].kind == "const":
            try:
                return const({"int": int, "float": float, "bool": bool, "str": str}[last](args[0].const), node, run.src)
            except Exception:
                return unknown(last, node, run.src)
        made = run.tensor(f"{last}_builtin", node, *args)
        made.kind, made.grad, made.shape = "number", False, ()
        return made
    if last == "len":
        return _length(run, node, args)
    return _reflection(run, last, node, args, kwargs)


def _by_name(run: Machine, node: ast.AST, pairs: Val) -> dict[str, Val]:
    """``dict(zip(("train", "test"), rows.split(sizes)))``: names written down, each with what belongs to it."""
    found: dict[str, Val] = {}
    for row in comprehensions.unroll(pairs, node, run) or ():
        key, held = (row.items or (row, row))[:2]
        if not isinstance(key.const, str):
            return {}
        if held.node is node and not held.split:  # a part that was made here and is known by this name alone
            held.split = naming.split_of(key.const)
        found[key.const] = held
    return found


def _length(run: Machine, node: ast.AST, args: tuple[Val, ...]) -> Val:
    if args and isinstance(args[0].const, str):
        return const(len(args[0].const), node, run.src)
    if args and args[0].kind == "tuple" and args[0].items is not None and not args[0].tags & {"each", "repeat"}:
        return const(len(args[0].items), node, run.src)
    known = building.length(args[0]) if args else None
    return const(known, node, run.src) if known is not None else library_value(run, "number", "len", node, args, {})


def _slice(run: Machine, node: ast.AST, args: tuple[Val, ...]) -> Val:
    """``slice(stop)`` or ``slice(start, stop, step)``: the same as the written form."""
    made, none = Val("slice", "", node, run.src), const(None, node, run.src)
    start, stop, step = (none, args[0], none) if len(args) == 1 else (*args[:2], args[2] if len(args) > 2 else none)
    made.args = (start, stop, step)
    return made


def _reflection(run: Machine, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """``getattr``, ``next``, ``isinstance``, ``setattr`` and what is left."""
    if last in ("getattr",) and len(args) > 1 and isinstance(args[1].const, str):
        return attributes.get(run, args[0], args[1].const, node)
    if last == "next" and args:
        return iteration.element(run, args[0], node)
    if last == "isinstance" and len(args) > 1:
        known = is_instance(args[0], args[1])
        return const(known, node, run.src) if known is not None else unknown(last, node, run.src)
    if last == "setattr" and len(args) > 2:
        if isinstance(args[1].const, str):
            run.emit("attribute", args[1].const, node, recv=args[0], args=(args[2],))
            args[0].attrs[args[1].const] = args[2]
        else:
            args[0].tags.add("patched")
        return const(None)
    if last in ("print", "setattr", "isinstance", "hasattr", "open", "input", "id", "type", "repr"):
        made = unknown(last, node, run.src, *args)
        made.grad = False
        return made
    if last in ("max", "min") and len(args) > 1 and all(a.kind in ("const", "number") for a in args):
        numbers = [a.const for a in args]
        if all(isinstance(n, (int, float)) for n in numbers):
            return const(max(numbers) if last == "max" else min(numbers), node, run.src)
        made = library_value(run, "number", last, node, args, {})
        made.shape = ()
        return made
    key = kwargs.get("key")
    if last in ("max", "min", "sorted") and args and key is not None and key.kind == "func":
        measured = run.apply(key, node, (iteration.element(run, args[0], node),), {})
        return ops.apply(run, last, node, (args[0],), {**kwargs, "measured": measured})
    return ops.apply(run, last, node, args, kwargs)


def is_instance(val: Val, kind: Val) -> bool | None:
    """``isinstance``, when both sides are known."""
    if kind.kind == "tuple" and kind.items:
        known = [is_instance(val, k) for k in kind.items]
        return True if True in known else None if None in known else False
    if kind.kind == "lib" and kind.name in ("torch.Tensor", "torch.tensor"):
        return True if val.kind == "tensor" and "opaque" not in val.tags else None
    if val.kind == "module" and kind.kind == "lib" and kind.name.startswith("torch.nn."):
        last = kind.name.rsplit(".", 1)[-1]
        if last == "Module":
            return True
        if val.owner is not None and hasattr(val.owner, "lib_bases"):  # a class of the program, made from torch's
            return any(base.rsplit(".", 1)[-1] == last for base in val.owner.lib_bases())
        return None if "external" in val.tags or last.startswith("_") else val.name == last
    if val.kind == "module" and kind.kind == "class" and val.owner is not None:
        return kind.owner in val.owner.lineage()
    return None


def library_value(
    run: Machine, kind: str, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]
) -> Val:
    """What a library call gives: its kind, name and arguments."""
    val = Val(kind, name, node, run.src)
    val.args, val.kwargs = args, dict(kwargs)
    run.keep.append(val)
    return val


def parser(run: Machine, obj: Val, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """A method of an ``ArgumentParser``: what it gives are the defaults."""
    if name == "add_argument" and args:
        flags = [a.const for a in args if isinstance(a.const, str)]
        long = next((f for f in flags if f.startswith("--")), flags[0] if flags else "")
        key = str(kwargs["dest"].const) if "dest" in kwargs else long.lstrip("-").replace("-", "_")
        value = kwargs.get("default", unknown(key, node, run.src))
        if "action" in kwargs and "default" not in kwargs:
            value = unknown(key, node, run.src)
        if value.kind == "const" and value.const in (None, ""):  # of a path or a number: it is there to be given
            value = join(unknown(key, node, run.src), value)
        obj.attrs[key] = value if "action" not in kwargs else unknown(key, node, run.src)
        return obj
    if name in ("parse_args", "parse_known_args"):
        made = Val("instance", "args", node, run.src)
        made.attrs = dict(obj.attrs)
        if name == "parse_args":
            return made
        pair = Val("tuple", "args", node, run.src)
        pair.items = [made, unknown("rest", node, run.src)]
        return pair
    return obj if "group" in name else unknown(name, node, run.src)


_NO_NETWORKS = ("Tokenizer", "TokenizerFast", "Processor", "FeatureExtractor", "Config", "Scheduler", "Collator")


def is_network(name: str, last: str) -> bool:
    """Whether a library call gives a network: what reads texts or images for one comes from a file in the same way."""
    if name.startswith(("torchvision.models", "timm")):
        return True
    if name.startswith("torch_geometric.nn."):
        return last[:1].isupper()
    return last in ("from_pretrained", "from_config") and not name.rpartition(".")[0].endswith(_NO_NETWORKS)
