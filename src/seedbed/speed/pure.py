"""Whether a model's code is a function of its inputs, weights and buffers: read from its source.

What may be replayed must do the same every time. Torch's modules and ours do. Of other code, ``forward`` and what it
calls are read: they may assign local names, call submodules, torch's functions and tensors' methods, and read numbers
that are attributes or globals, which become ``Constant`` and are looked at before every replay. Anything else (writing
attributes, Python's or numpy's random numbers, files, printing, unknown objects) is refused. A decision that depends on
a tensor's contents is noticed when the update is recorded, because the host then reads a number.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import math
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

TRUSTED = ("torch.nn.modules.", "seedbed.models.", "seedbed.objectives.")
MODULES = {torch, torch.nn, functional, math, torch.special, torch.linalg, torch.fft}
BUILTINS = {
    *("len", "range", "zip", "enumerate", "reversed", "isinstance", "int", "float", "bool", "tuple", "list", "dict"),
    *("sum", "min", "max", "abs", "round", "slice", "sorted", "any", "all", "str", "divmod", "pow"),
}
# of tensors: what tells Python something without torch's dispatcher, or ties something to the graph
TELLING = {
    *("tolist", "numpy", "data_ptr", "storage", "untyped_storage", "register_hook", "backward", "grad", "data"),
    *("requires_grad_", "retain_grad", "register_post_accumulate_grad_hook", "set_", "resize_", "share_memory_"),
    *("detach_", "grad_fn", "is_leaf", "_version", "__dict__", "map_", "map2_", "apply_", "record_stream"),
}
# of torch: what reads or changes something global
GLOBAL = (
    "manual_seed",
    "seed",
    "initial_seed",
    "set_",
    "get_",
    "is_grad",
    "from_",
    "as_tensor",
    "load",
    "save",
    "compile",
)
READING = {"parameters", "modules", "children", "buffers", "named_parameters", "named_children", "named_modules"}
LISTS = {"append", "extend", "items", "values", "keys", "pop", "insert", "copy", "index", "count", "format", "join"}
BATCH = {"inputs", "targets", "num_samples"}
SCALARS = (int, float, bool, str, type(None), torch.dtype, torch.device, torch.Size, torch.memory_format)
NODES = (
    *(ast.Return, ast.Expr, ast.If, ast.For, ast.While, ast.Pass, ast.Break, ast.Continue, ast.Assert, ast.Raise),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Call, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp),
    *(ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Dict, ast.ListComp, ast.GeneratorExp, ast.comprehension),
    *(ast.Starred, ast.keyword, ast.JoinedStr, ast.FormattedValue, ast.Constant, ast.Name, ast.Attribute),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.DictComp, ast.NamedExpr),
)
UNKNOWN = object()  # what an expression is depends on the call
HARMLESS = object()  # something of a known object that only computes


class ImpureError(Exception):
    """Why code is not known to be a function of its inputs, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Something that code reads besides its inputs: the item ``name`` of a namespace."""

    namespace: Mapping[str, Any]
    name: str

    def read(self) -> Any:
        """What it is now."""
        return self.namespace.get(self.name)


def constants_of(part: Any) -> list[Constant]:
    """What a model or objective reads besides its inputs, weights and buffers.

    Raises:
        ImpureError: Its code could not be followed, or does more than compute.
    """
    if not isinstance(part, nn.Module):
        raise ImpureError(f"{type(part).__name__} is no nn.Module")
    reader = Reader()
    for module in part.modules():
        reader.read_module(module)
    return list(reader.constants.values())


class Reader:
    """Reads functions, each once, and collects the constants that they use."""

    def __init__(self) -> None:
        self.constants: dict[tuple[int, str], Constant] = {}
        self.done: set[tuple[Any, int]] = set()

    def read_module(self, module: nn.Module) -> None:
        """A module's ``forward``."""
        kind = type(module)
        special = {"__call__", "__getattr__", "__getattribute__", "_call_impl", "_wrapped_call_impl"}
        changed = next((name for name in special if getattr(kind, name) is not getattr(nn.Module, name)), None)
        if "forward" in vars(module) or changed is not None or module._compiled_call_impl is not None:
            raise ImpureError(f"{kind.__name__} has another {changed or 'forward'} than its class")
        if (kind.__module__ + ".").startswith(TRUSTED):
            for name in ("loss", "criterion"):  # an objective made of somebody's function
                self.read_callable(vars(module).get(name), kind.__name__)
            for name, value in vars(module).items():
                if not name.startswith("_") and name != "training" and is_constant(value):
                    self.remember(vars(module), name)
            return
        self.read_function(kind.forward, module)
        for name, value in members_of(kind):
            # code that meets the module as a local name may take it for a tensor's method
            if hasattr(Tensor, name) and not hasattr(nn.Module, name):
                self.read_function(value, module)

    def read_callable(self, value: Any, where: str) -> None:
        """A loss that an objective holds: torch's own, or a function to be read."""
        while isinstance(value, functools.partial):
            if not all(is_constant(item) for item in (*value.args, *value.keywords.values())):
                raise ImpureError(f"the function of {where} has arguments that may change")
            value = value.func
        if isinstance(value, types.FunctionType) and not is_torch_function(value):
            self.read_function(value, None)
        elif callable(value) and not isinstance(value, nn.Module) and not is_torch_function(value):
            raise ImpureError(f"the function of {where} is a {type(value).__name__}")

    def read_function(self, function: Any, owner: nn.Module | None) -> None:
        """One function; ``owner`` is its ``self``.

        Raises:
            ImpureError: It does more than compute.
        """
        if (function, id(owner)) in self.done:
            return
        self.done.add((function, id(owner)))
        name = getattr(function, "__qualname__", repr(function))
        if not isinstance(function, types.FunctionType) or set(function.__code__.co_freevars) - {"__class__"}:
            raise ImpureError(f"{name} is no plain function")
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        except (OSError, TypeError, SyntaxError) as error:
            raise ImpureError(f"the source of {name} is not there") from error
        if not isinstance(tree, ast.FunctionDef) or tree.decorator_list:
            raise ImpureError(f"{name} is decorated")
        Body(self, function, tree, owner, name).read()

    def remember(self, namespace: Mapping[str, Any], name: str) -> None:
        """Note something that is taken for constant."""
        self.constants[id(namespace), name] = Constant(namespace, name)


class Body:
    """The body of one function."""

    def __init__(self, reader: Reader, function: Any, tree: ast.FunctionDef, owner: Any, name: str) -> None:
        self.reader, self.function, self.tree, self.owner, self.name = reader, function, tree, owner, name
        arguments = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs)]
        arguments += [a.arg for a in (tree.args.vararg, tree.args.kwarg) if a is not None]
        self.self_name = arguments[0] if owner is not None and arguments else None
        stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.locals = set(arguments) | stored
        if self.self_name in stored:
            raise ImpureError(f"{name} assigns {self.self_name}")
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        if not all(is_constant(value) for value in defaults):
            raise ImpureError(f"{name} has default arguments that may change")

    def refuse(self, node: ast.AST, what: str) -> ImpureError:
        """The error for something in this function."""
        line = self.function.__code__.co_firstlineno + getattr(node, "lineno", 1) - 1
        return ImpureError(f"{self.name} (line {line}) {what}")

    def read(self) -> None:
        """Every statement and expression.

        Raises:
            ImpureError: One does more than compute.
        """
        for statement in self.tree.body:
            for node in walk(statement):
                if not isinstance(node, NODES):
                    raise self.refuse(node, f"has a {type(node).__name__}")
                if isinstance(node, ast.Attribute):
                    self.read_attribute(node)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    self.check(node, self.value_of(node))
                elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                    self.read_item_stored(node)

    def read_item_stored(self, node: ast.Subscript) -> None:
        """``x[i] = …``: of a local name only."""
        if not isinstance(node.value, ast.Name) or node.value.id not in self.locals - {self.self_name}:
            raise self.refuse(node, "writes an item of something that outlives the call")

    def read_attribute(self, node: ast.Attribute) -> None:
        """``a.b``: a module's, a package's, or of a value of the call itself."""
        if not isinstance(node.ctx, ast.Load):
            raise self.refuse(node, f"writes the attribute {node.attr}")
        value = self.value_of(node)
        if value is UNKNOWN:
            known = hasattr(Tensor, node.attr) and node.attr not in TELLING
            if not known and node.attr not in LISTS | BATCH:
                raise self.refuse(node, f"reads .{node.attr} of something unknown")
        else:
            self.check(node, value)

    def value_of(self, node: ast.expr) -> Any:
        """What an expression is, where that does not depend on the call; else ``UNKNOWN``."""
        if isinstance(node, ast.Name):
            if node.id == self.self_name:
                return self.owner
            if node.id in self.locals:
                return UNKNOWN
            if node.id in self.function.__globals__:
                return self.noted(self.function.__globals__, node.id)
            if node.id in BUILTINS or is_error(getattr(builtins, node.id, None)):
                return getattr(builtins, node.id)
            raise self.refuse(node, f"uses {node.id}")
        if isinstance(node, ast.Attribute):
            base = self.value_of(node.value)
            if base is UNKNOWN or isinstance(base, Tensor):
                return UNKNOWN
            return self.attribute_of(node, base)
        return UNKNOWN

    def attribute_of(self, node: ast.Attribute, base: Any) -> Any:
        """An attribute of something that is known."""
        name = node.attr
        if isinstance(base, types.ModuleType):
            if base not in MODULES or name.startswith(GLOBAL):
                raise self.refuse(node, f"uses {base.__name__}.{name}")
            return getattr(base, name, UNKNOWN)
        if isinstance(base, nn.Module):
            for table in (base._parameters, base._buffers, base._modules):
                if name in table:
                    return table[name]
            if name == "training":
                return True
            if name in vars(base):
                return self.noted(vars(base), name)
            if name in READING or (name in {"items", "values", "keys"} and isinstance(base, nn.ModuleDict)):
                return HARMLESS
            method = inspect.getattr_static(type(base), name, None)
            if isinstance(method, types.FunctionType) and not method.__module__.startswith("torch."):
                self.reader.read_function(method, base)
                return HARMLESS
            if is_constant(method):
                return self.noted(vars(next(kind for kind in type(base).__mro__ if name in vars(kind))), name)
            raise self.refuse(node, f"uses .{name} of a module")
        if isinstance(getattr(base, "__dict__", None), dict) and name in vars(base):
            return self.noted(vars(base), name)
        if isinstance(base, str | tuple | torch.finfo | torch.iinfo):
            return HARMLESS
        raise self.refuse(node, f"uses .{name} of a {type(base).__name__}")

    def noted(self, namespace: Mapping[str, Any], name: str) -> Any:
        """An item of a namespace, remembered if it is a plain value."""
        value = namespace[name]
        if is_constant(value) or isinstance(value, Tensor):
            self.reader.remember(namespace, name)
        return value

    def check(self, node: ast.expr, value: Any) -> None:
        """Refuse a known value that is no constant, no submodule and no function of torch's.

        Raises:
            ImpureError: With what it is.
        """
        if value is UNKNOWN or value is HARMLESS or is_constant(value) or is_error(value):
            return
        if isinstance(value, nn.Module | Tensor) and value is not self.owner:
            return
        if is_torch_function(value) or any(value is safe for safe in SAFE_VALUES):
            return
        if isinstance(value, types.FunctionType):
            self.reader.read_function(value, None)
            return
        raise self.refuse(node, f"uses {ast.unparse(node)}, which may change or do more than compute")


SAFE_VALUES = [*(getattr(builtins, name) for name in BUILTINS), torch.Tensor, nn.Module, torch.finfo, torch.iinfo]


def walk(statement: ast.stmt) -> Iterator[ast.AST]:
    """All nodes of a statement but annotations, and of ``a.b.c`` the whole before its parts."""
    nodes: list[ast.AST] = [statement]
    while nodes:
        node = nodes.pop()
        yield node
        if isinstance(node, ast.AnnAssign):
            nodes += [part for part in (node.target, node.value) if part is not None]
        elif isinstance(node, ast.Attribute) and dotted(node):
            continue
        else:
            nodes += ast.iter_child_nodes(node)


def members_of(kind: type[nn.Module]) -> Iterator[tuple[str, Any]]:
    """The functions and properties of a class and its bases up to ``nn.Module``."""
    for base in kind.__mro__:
        if base is nn.Module:
            return
        for name, value in vars(base).items():
            if isinstance(value, types.FunctionType | property | classmethod | staticmethod):
                yield name, value


def dotted(node: ast.expr) -> bool:
    """Whether an expression is names with dots alone, and so followed as a whole."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and dotted(node.value))


def is_constant(value: Any) -> bool:
    """Whether a value is plain data that can be compared: numbers, texts, types of torch, tuples and lists of them."""
    if type(value) in (tuple, list):
        return all(is_constant(item) for item in value)
    return isinstance(value, SCALARS)


def is_error(value: Any) -> bool:
    """Whether a value is a class of exceptions."""
    return isinstance(value, type) and issubclass(value, BaseException)


def is_torch_function(value: Any) -> bool:
    """Whether a value is a function of torch's that computes."""
    if isinstance(value, types.BuiltinFunctionType | types.BuiltinMethodType):
        owner = getattr(value, "__self__", None)
        name = getattr(value, "__module__", None) or ""
        return value.__name__ in vars(math) or name.startswith("torch") or "VariableFunctions" in repr(owner)
    where = getattr(value, "__module__", None)
    return isinstance(value, types.FunctionType) and where in ("torch.nn.functional", "torch.functional")
