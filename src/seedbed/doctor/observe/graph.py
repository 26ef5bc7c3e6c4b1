"""Walk the autograd graph of a loss to the tensors that it depends on."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from seedbed.doctor.observe.facts import Record, is_plain
from seedbed.doctor.observe.site import Site

LIMIT = 20_000


def leaves_of(tensor: Tensor) -> tuple[dict[int, Tensor], int, set[str]]:
    """Return the leaf tensors below ``tensor``, the number of nodes, and the names of the operations."""
    found: dict[int, Tensor] = {}
    names: set[str] = set()
    stack: list[Any] = [tensor.grad_fn]
    seen: set[Any] = set()
    while stack and len(seen) < LIMIT:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.add(node.name())
        variable = getattr(node, "variable", None)
        if isinstance(variable, Tensor):
            found[id(variable)] = variable
        stack.extend(parent for parent, _ in node.next_functions)
    return found, len(seen), names


def walk(record: Record, tensor: Tensor, site: Site | None) -> int:
    """Add the leaves below a loss to the record and return the number of nodes of its graph."""
    found, nodes, _ = leaves_of(tensor)
    record.walks += 1
    for key, leaf in found.items():
        record.leaf_counts[key] += 1
        if key not in record.leaves and leaf.ndim == 2 and leaf.numel() > 1 and is_plain(leaf) and record.walks == 1:
            values = leaf.detach().float()
            record.leaf_starts[key] = (float(values.std()), float(values.mean()), float(values.min()))
        record.leaves.setdefault(key, leaf)
        record.walk_sites.setdefault(key, site)
    return nodes
