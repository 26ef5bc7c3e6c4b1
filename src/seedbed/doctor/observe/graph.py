"""Walk the autograd graph of a loss to the tensors that it depends on."""

from __future__ import annotations

from collections import Counter
from typing import Any

from torch import Tensor
from torch.nn import Parameter

from seedbed.doctor.observe.facts import BackwardFact, Record, is_plain
from seedbed.doctor.observe.site import Site

LIMIT = 20_000


def leaves_of(tensor: Tensor, uses: Counter[Any] | None = None) -> tuple[dict[int, Tensor], int]:
    """Return the leaf tensors below ``tensor`` and the number of nodes of its graph.

    Args:
        tensor: Where to start.
        uses: For the nodes that are asked for (its keys), counts how many operations take their result.
    """
    found: dict[int, Tensor] = {}
    stack: list[Any] = [tensor.grad_fn]
    seen: set[Any] = {None}
    while stack and len(seen) < LIMIT:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        parents = node.next_functions
        if uses:
            uses.update({parent for parent, _ in parents if parent in uses})
        if parents:
            stack.extend([parent for parent, _ in parents if parent is not None])
        elif isinstance(variable := getattr(node, "variable", None), Tensor):
            found[id(variable)] = variable
    return found, len(seen) - 1


def walk(record: Record, tensor: Tensor, site: Site | None) -> tuple[int, bool]:
    """Add the leaves below a loss to the record; return the size of its graph, and whether data is among its leaves."""
    uses: Counter[Any] = Counter(dict.fromkeys(record.joints, 0))
    found, nodes = leaves_of(tensor, uses)
    record.forked.update(record.joints[node] for node, count in uses.items() if count > 1)
    record.joints.clear()
    record.walks += 1
    for key, leaf in found.items():
        record.leaf_counts[key] += 1
        plain = record.walks == 1 and not isinstance(leaf, Parameter) and leaf.ndim == 2 and leaf.numel() > 1
        if plain and key not in record.leaves and is_plain(leaf):
            values = leaf.detach().float()
            fan_in = leaf.shape[0] if key in _factors(tensor) else min(leaf.shape)
            record.leaf_starts[key] = (float(values.std()), float(values.mean()), float(values.min()), fan_in)
        record.leaves.setdefault(key, leaf)
        record.walk_sites.setdefault(key, site)
    held = {id(p) for optimizer in record.optimizers.values() for p in optimizer.params}
    return nodes, any(not isinstance(t, Parameter) and id(t) not in held and t.ndim > 1 for t in found.values())


def _factors(tensor: Tensor) -> set[int]:
    """The leaves that stand as they are on the right of a matrix product: their rows are the inputs of the layer.

    ``F.linear`` turns its weight first, and a weight that was moved (``w - lr * g``) may go to either.
    """
    found: set[int] = set()
    stack: list[Any] = [tensor.grad_fn]
    seen: set[Any] = {None}
    while stack and len(seen) < LIMIT:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.name() in ("MmBackward0", "AddmmBackward0", "BmmBackward0"):
            variable = getattr(node.next_functions[-1][0], "variable", None)
            found |= {id(variable)} if isinstance(variable, Tensor) else set()
        stack.extend(parent for parent, _ in node.next_functions)
    return found


def left_by_attack(backs: list[BackwardFact]) -> bool:
    """Say whether the first of several backward passes asked for the gradient of data, elsewhere than the last one."""
    one, two = backs[0], backs[-1]
    if len(backs) < 2 or not one.data or two.data or one.site is None or two.site is None:
        return False
    return one.site.function != two.site.function
