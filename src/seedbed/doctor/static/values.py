"""Abstract values: what the reader knows about a thing in the program, and where it came from.

A tensor remembers the operation and the inputs that made it, so values form a graph that rules can walk.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.doctor.static.source import Source

Shape = tuple["int | None", ...]

# Operations that hand their input on: same numbers, maybe another layout, type or device.
TRANSPARENT = frozenset(
    [
        "view",
        "reshape",
        "squeeze",
        "unsqueeze",
        "flatten",
        "contiguous",
        "to",
        "cuda",
        "cpu",
        "float",
        "double",
        "half",
        "bfloat16",
        "type",
        "permute",
        "transpose",
        "forward",
        "getitem",
        "clone",
        "detach",
        "requires_grad_",
        "dropout",
        "type_as",
        "ravel",
        "expand",
        "identity",
        "Identity",
        "Flatten",
        "Dropout",
        "movedim",
        "t",
        "T",
        "alpha_dropout",
        "cat",
        "stack",
        "unflatten",
        "Unflatten",
        "swapaxes",
        "item",
        "numpy",
        "data",
    ]
)
# Operations after which no gradient flows back.
CUTTING = frozenset(
    ["detach", "item", "numpy", "tolist", "data", "argmax", "argmin", "argsort", "long", "int", "bool", "byte",
     "eq", "ne", "lt", "le", "gt", "ge", "compare", "round", "floor", "ceil", "sign", "cpu_numpy", "isnan",
     "isinf", "nonzero", "randint", "multinomial", "zeros_like", "ones_like", "rand_like", "randn_like",
     "full_like", "bincount", "one_hot", "size", "len", "shape", "float_builtin", "int_builtin", "searchsorted",
     "bernoulli", "detach_", "sample", "new_zeros", "new_ones", "heaviside", "topk_indices", "numel", "dim",
     "sort_indices", "trunc", "fix", "floor_divide"]
)  # fmt: skip


_COUNT = itertools.count()
NO_WORDS: dict[str, Any] = {}  # shared: keyword arguments are replaced, never changed in place


def tick() -> int:
    """A moment between the values that were made before and those that are made after."""
    return next(_COUNT)


class Val:
    """One abstract value.

    ``kind`` says what it is: const, tensor, module, optimizer, scheduler, scaler, loader, dataset, params,
    state, func, class, instance, lib, method, list, tuple, dict, iter, context, phi or unknown.
    """

    __slots__ = (
        "args",
        "attrs",
        "const",
        "copied",
        "dtype",
        "grad",
        "items",
        "kind",
        "kwargs",
        "loops",
        "name",
        "node",
        "owner",
        "place",
        "seq",
        "shape",
        "split",
        "src",
        "tags",
        "var",
        "width",
    )

    def __init__(self, kind: str, name: str = "", node: ast.AST | None = None, src: Source | None = None) -> None:
        self.kind = kind
        self.name = name
        self.node = node
        self.src = src
        self.args: tuple[Val, ...] = ()
        self.kwargs: dict[str, Val] = NO_WORDS
        self.attrs: dict[str, Val] = {}
        self.items: list[Val] | None = None
        self.const: Any = None
        self.shape: Shape | None = None
        self.dtype = ""
        self.grad = False
        self.owner: Any = None
        self.place: int | None = None  # of a part: which one of the tuple it is; of a size: which axis
        self.split = ""
        self.width = 1  # how many values it can be
        self.tags: set[str] = set()
        self.var = ""
        self.copied: Val | None = None
        self.loops: tuple[ast.AST, ...] = ()
        self.seq = next(_COUNT)

    def __repr__(self) -> str:
        extra = f"={self.const!r}" if self.kind == "const" else ""
        return f"<{self.kind} {self.name}{extra} {self.shape or ''}>"

    @property
    def line(self) -> int:
        """Line that made it, 0 when unknown."""
        return getattr(self.node, "lineno", 0)

    @property
    def is_none(self) -> bool:
        """Whether it is certainly ``None``."""
        return self.kind == "const" and self.const is None

    def options(self) -> Iterator[Val]:
        """The values that it can be: itself, or every branch of a merge."""
        return self._branches() if self.kind == "phi" else iter((self,))

    def _branches(self) -> Iterator[Val]:
        stack: list[Val] = [self]
        seen: set[int] = set()
        while stack:
            val = stack.pop()
            if id(val) in seen:
                continue
            seen.add(id(val))
            if val.kind == "phi":
                stack.extend(val.args)
            else:
                yield val

    def inputs(self) -> Iterator[Val]:
        """Everything that it was made from."""
        found = self.args
        if self.kwargs:
            found = (*found, *self.kwargs.values())
        if self.items:
            found = (*found, *self.items)
        return iter(found)

    def arg(self, index: int, name: str = "") -> Val | None:
        """The positional or keyword argument of the call that made it."""
        if name and name in self.kwargs:
            return self.kwargs[name]
        return self.args[index] if 0 <= index < len(self.args) else None

    def number(self, index: int, name: str = "") -> Any:
        """The constant value of an argument, ``None`` when absent or unknown."""
        val = self.arg(index, name)
        return val.const if val is not None and val.kind == "const" else None


def const(value: Any, node: ast.AST | None = None, src: Source | None = None) -> Val:
    """A known Python constant."""
    val = Val("const", type(value).__name__, node, src)
    val.const = value
    return val


def unknown(name: str = "", node: ast.AST | None = None, src: Source | None = None, *args: Val) -> Val:
    """A value about which nothing is known, except what it was made from."""
    val = Val("unknown", name, node, src)
    val.args = args
    val.grad = any(a.grad for a in args)
    return val


_WIDEST = 24  # what one value can be at most; what is merged beyond that is not followed


def join(first: Val | None, second: Val | None) -> Val:
    """The value after two branches."""
    if first is None or first is second:
        return second if second is not None else const(None)
    if second is None:
        return first
    if first.kind == "const" and second.kind == "const" and _same(first.const, second.const):
        return first
    val = Val("phi", "phi", second.node, second.src)
    val.args = (first, second)
    val.width = first.width + second.width
    if val.width > _WIDEST:  # counted twice where both sides share some
        val.args = tuple(val.options())[:_WIDEST]
        val.width = len(val.args)
    val.grad = first.grad or second.grad
    val.var = first.var or second.var
    if first.shape == second.shape:
        val.shape = first.shape
    if first.dtype == second.dtype:
        val.dtype = first.dtype
    return val


def _same(a: Any, b: Any) -> bool:
    try:
        return type(a) is type(b) and bool(a == b)
    except Exception:
        return False


# Values that are not made of what they name: no walk goes through them.
CLOSED = frozenset(("func", "class", "lib", "module"))


class _Way:
    """A walk from a value to all that it was made from, taken as far as somebody asked."""

    __slots__ = ("found", "seen", "stack")

    def __init__(self, val: Val) -> None:
        self.found: list[Val] = []
        self.stack = [val]
        self.seen: set[Val] = set()

    def go_on(self, count: int, through: frozenset[str] | None) -> None:
        """Walk until ``count`` values are found or there are no more."""
        found, stack, seen = self.found, self.stack, self.seen
        while stack and len(found) < count:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            found.append(current)
            if through is not None and current.kind == "tensor" and current.name not in through:
                continue
            if current.kind not in CLOSED:
                stack += current.args
                if current.kwargs:
                    stack += current.kwargs.values()
                if current.items:
                    stack += current.items
        if not stack:
            seen.clear()


_WAYS: dict[tuple[int, frozenset[str] | None], _Way] = {}
_settled = False


def settle(on: bool) -> None:
    """Whether ways are walked once: while rules ask about a program that no longer changes."""
    global _settled
    _settled = on
    _WAYS.clear()


def ancestors(val: Val, through: frozenset[str] | None = None, limit: int = 4000) -> Iterator[Val]:
    """``val`` and everything it was made from; only through operations named in ``through`` if given."""
    key = id(val), through
    way = _WAYS.get(key)
    if way is None:
        way = _Way(val)
        if _settled:
            _WAYS[key] = way
    found = way.found
    if not way.stack:
        return iter(found) if len(found) <= limit else islice(found, limit)
    return _follow(way, through, limit)


def _follow(way: _Way, through: frozenset[str] | None, limit: int) -> Iterator[Val]:
    found, at = way.found, 0
    while True:
        if at == len(found):
            way.go_on(min(limit, 2 * at + 8), through)
        known = found[at:limit]
        yield from known
        at += len(known)
        if at >= limit or (at == len(found) and not way.stack):
            return


def origins(val: Val) -> list[Val]:
    """The operations that really made ``val``: layout, type, device, wrappers and merges are seen through."""
    found: list[Val] = []
    stack: list[Val] = [val]
    seen: set[int] = set()
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if current.kind == "phi":
            stack.extend(current.args)
        elif "opaque" in current.tags:
            found.append(current)  # a module that is not known may do anything with its input
        elif current.kind in ("tensor", "number") and current.name in TRANSPARENT and current.args:
            first = current.args[0]
            if current.name in ("cat", "stack") and first.items:
                stack.extend(first.items)
            else:
                stack.append(first)
        else:
            found.append(current)
    return found


def reaches(val: Val, wanted: Val) -> bool:
    """Whether ``wanted`` is among the things that ``val`` was made from."""
    return any(a is wanted for a in ancestors(val))


CHOICES = frozenset(("compare", "eq", "ne", "argmax", "argmin", "len", "size", "shape", "isnan", "isinf", "isfinite"))


def uses_gradient(val: Val) -> bool:
    """Whether a value is made from some ``.grad``: then adding it to a parameter is an update by hand."""
    stack, count = [val], 0
    while stack and count < 40:
        one = stack.pop()
        count += 1
        if one.kind == "tensor" and one.name == "grad":
            return True
        if one.kind in ("tensor", "phi", "unknown") and one.name not in CHOICES:
            stack.extend(one.args)
    return False
