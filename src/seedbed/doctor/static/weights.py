"""Weight matrices: where they multiply an input, how wide that is, and whether the product is scaled."""

from __future__ import annotations

import ast
import math

from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

PRODUCTS = frozenset(["matmul", "mm", "bmm", "linear", "conv1d", "conv2d", "conv3d"])
_TURNED = frozenset(["t", "T", "mT", "transpose", "permute", "to", "contiguous", "unsqueeze", "expand", "view"])
_SCALES = frozenset(["mul", "div", "scaled"])


def products(p: Program, val: Val, mirrored: bool = False) -> list[Val]:
    """The products in which a matrix is the weight: ``x @ w``, ``F.linear(x, w)``, ``F.conv2d(x, w)``.

    Args:
        p: The program.
        val: The matrix.
        mirrored: Whether ``w @ x`` and ``einsum`` count too, where the other factor is no parameter.
    """
    found: list[Val] = []
    stack = [val]
    while stack and len(found) < 20:
        one = stack.pop()
        for user in q.users(p, one):
            if user.name in _TURNED and user.args and user.args[0] is one:
                stack.append(user)
            elif (user.name in PRODUCTS and len(user.args) > 1 and user.args[1] is one) or (
                mirrored and user.name in ("matmul", "mm", "addmm", "einsum", "linear") and _is_input(user, one)
            ):
                found.append(user)
    return found


def _is_input(product: Val, weight: Val) -> bool:
    """Whether the other factor of a product is data or an activation."""
    others = [a for a in product.inputs() if a is not weight and a.kind in ("tensor", "unknown", "phi")]
    return bool(others) and not any(v.name == "Parameter" or "leaf" in v.tags for a in others for v in a.options())


def is_scaled(p: Program, product: Val) -> bool:
    """Whether what comes out is multiplied or divided by a number, or normalised."""
    stack, count = [product], 0
    while stack and count < 30:
        one = stack.pop()
        count += 1
        for user in q.users(p, one):
            if user.name in _SCALES or "norm" in user.name.lower():
                return True
            if user.name in ("add", "forward", "view", "reshape", "squeeze", "unsqueeze"):
                stack.append(user)
    return False


def layer_is_scaled(p: Program, layer: Val) -> bool:
    """Whether the input of a layer is scaled by a number of its module, or its output."""
    for event in p.all("forward"):
        if event.recv is None or layer not in event.recv.options():
            continue
        first = event.args[0] if event.args else None
        if (
            first is not None
            and first.name in _SCALES
            and any(a.kind in ("const", "number", "unknown") for a in first.args)
        ):
            return True
        if event.result is not None and is_scaled(p, event.result):
            return True
    return False


def fan_in(val: Val) -> int | None:
    """How many numbers each output of a weight sums over, ``None`` where the sizes are not known."""
    for one in ancestors(val, limit=8):
        if one.kind == "module":
            width = one.number(0)
            if one.name.startswith("Conv"):
                kernel = one.arg(2, "kernel_size")
                sizes = [kernel] if kernel is None or kernel.items is None else kernel.items
                dims = int(one.name[-2]) if one.name[-2:-1].isdigit() else 1
                area = math.prod(s.const if s is not None and isinstance(s.const, int) else 1 for s in sizes)
                width = width * (area**dims if len(sizes) == 1 else area) if isinstance(width, int) else None
            return width if isinstance(width, int) else None
        if one.name in ("Parameter", "parameter") and one.shape is not None and len(one.shape) == 2:
            sizes_known = [s for s in one.shape if isinstance(s, int)]
            return min(sizes_known) if len(sizes_known) == 2 else None
    return None


def apart(val: Val) -> bool:
    """Whether a tensor has memory of its own, and only its size or type from a weight: ``weight.new(2, 3)``."""
    made = q.memory(val)
    return bool(made) and all(
        m.kind == "tensor" and (m.name.startswith("new") or m.name.endswith("_like") or m.name in ("clone", "copy"))
        for m in made
    )


def one_of_several(p: Program, event: Event) -> bool:
    """Whether a function fills weights that at least two other functions fill as well: beginnings are compared."""
    ways: dict[int, set[int]] = {}
    for one in p.all("init", "inplace"):
        func = one.funcs[-1] if one.funcs else None
        if func is None or func.owner is not None or one.recv is None or one.name not in _FILLS:
            continue
        for layer in ancestors(one.recv, limit=8):
            if layer.kind == "module" and layer.node is not None:
                ways.setdefault(id(layer.node), set()).add(id(func.node))
    mine = id(event.funcs[-1].node) if event.funcs else None
    return any(mine in found and len(found) > 2 for found in ways.values())


_DRAWN = frozenset(["normal_", "uniform_", "trunc_normal_", "orthogonal_"])
_DRAWN |= {f"{who}_{how}_" for who in ("xavier", "kaiming") for how in ("normal", "uniform")}
_FILLS = _DRAWN | {"zero_", "fill_", "zeros_", "ones_", "constant_"}


def among(p: Program, event: Event) -> bool:
    """Whether the same function draws other layers of the same thing: which of them starts at nothing was chosen.

    A branch whose last layer is zero learns, because what is before it is random.
    """
    owner = _owner(event)
    near = [e for e in p.all("init", "inplace") if e.funcs == event.funcs and e.name in _DRAWN]
    return "." in owner and any(_owner(e) == owner for e in near)


def _owner(event: Event) -> str:
    """The text before the last layer in what is filled: ``block.attn`` of ``zeros_(block.attn.out.weight)``."""
    node = event.node.args[0] if isinstance(event.node, ast.Call) and event.node.args else None
    return ast.unparse(node).rpartition(".weight")[0].rpartition(".")[0] if node is not None else ""
