"""A training state as one JSON document and named tensors, and back: no pickle, no code, nothing lost.

What JSON does not have is written as an object with one key that starts with "$":
``{"$tensor": name}``, ``{"$tuple": [...]}``, ``{"$items": [[key, value], ...]}`` (a dict whose keys are not all plain
strings), ``{"$float": "nan"|"inf"|"-inf"}``.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from seedbed.errors import CheckpointError

Plain = Any


def split_tensors(tree: Any, prefix: str = "") -> tuple[Plain, dict[str, torch.Tensor]]:
    """Take the tensors out of nested dicts, lists and tuples.

    Returns:
        The tree as JSON values with a reference for each tensor, and the tensors by the path they were found at.

    Raises:
        CheckpointError: The tree holds something that is neither a tensor nor plain data.
    """
    tensors: dict[str, torch.Tensor] = {}
    return _split(tree, prefix, tensors), tensors


def _split(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Plain:
    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach()
        return {"$tensor": path}
    if isinstance(value, bool | str | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list):
        return [_split(item, f"{path}/{index}", tensors) for index, item in enumerate(value)]
    if isinstance(value, tuple):
        return {"$tuple": [_split(item, f"{path}/{index}", tensors) for index, item in enumerate(value)]}
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _split(item, f"{path}/{key}" if path else key, tensors) for key, item in value.items()}
        return {"$items": [[_split(k, f"{path}/key", {}), _split(v, f"{path}/{k}", tensors)] for k, v in value.items()]}
    raise CheckpointError(
        f"the state holds a {type(value).__name__} at {path or 'its root'}; only tensors, numbers, strings, lists, "
        "tuples and dicts can be saved: return these from state_dict()"
    )


def join_tensors(tree: Plain, tensors: dict[str, torch.Tensor]) -> Any:
    """The inverse of ``split_tensors``.

    Raises:
        CheckpointError: A reference names a tensor that is not there, or the tree is not of this form.
    """
    if isinstance(tree, list):
        return [join_tensors(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if len(tree) == 1:
        ((key, value),) = tree.items()
        if key == "$tensor":
            if value not in tensors:
                raise CheckpointError(f"the checkpoint's state names the tensor {value!r}, which it does not hold")
            return tensors[value]
        if key == "$tuple":
            return tuple(join_tensors(item, tensors) for item in value)
        if key == "$items":
            return {join_tensors(k, tensors): join_tensors(v, tensors) for k, v in value}
        if key == "$float":
            return float(value)
    return {key: join_tensors(value, tensors) for key, value in tree.items()}
