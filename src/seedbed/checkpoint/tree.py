"""A training state as one JSON document and named tensors, and back: no pickle, no code, nothing lost.

What JSON does not have is written as an object with one key that starts with "$":

    {"$tensor": name}                   a tensor; {"$tensor": name, "as": …} one that is stored in another form:
                                        "complex128" as pairs of float64, "numpy" from an array
    {"$tuple": [...]}  {"$set": [...]}  {"$bytes": base64}
    {"$items": [[key, value], ...]}     a dict whose keys are not all plain strings
    {"$float": "nan"|"inf"|"-inf"}  {"$complex": [real, imaginary]}
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from seedbed.checkpoint.pack import CODES
from seedbed.errors import CheckpointError

Plain = Any
RESERVED = "__metadata__"
PLAIN = {str, int, bool, type(None)}


def split_tensors(tree: Any, prefix: str = "") -> tuple[Plain, dict[str, torch.Tensor]]:
    """Take the tensors out of nested dicts, lists and tuples.

    Returns:
        The tree as JSON values with a reference for each tensor, and the tensors by the path they were found at.

    Raises:
        CheckpointError: The tree holds something that is neither a tensor nor plain data.
    """
    tensors: dict[str, torch.Tensor] = {}
    try:
        return _split(tree, prefix, tensors), tensors
    except RecursionError:
        raise CheckpointError("the state cannot be saved: it is nested too deeply, or holds itself") from None


def _split(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Plain:
    if type(value) in PLAIN:  # nearly every value
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, dict):
        if has_plain_keys(value):
            return {
                key: item if type(item) in PLAIN else _split(item, join_path(path, key), tensors)
                for key, item in value.items()
            }
        return {
            "$items": [[_split(k, path, tensors), _split(v, join_path(path, k), tensors)] for k, v in value.items()]
        }
    if isinstance(value, torch.Tensor):
        return _split_tensor(value, path, tensors)
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, float | str | bytes):
        return _split_array(value, path, tensors)
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, complex):
        return {"$complex": [_split(value.real, path, tensors), _split(value.imag, path, tensors)]}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return _split_items(value, path, tensors)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return {"$tuple": _split_items(value, path, tensors)}
    if isinstance(value, set):
        return {"$set": [_split(item, path, tensors) for item in sorted(value, key=repr)]}
    raise refusal(f"a {type(value).__name__}", path)


def _split_items(values: Sequence[Any], path: str, tensors: dict[str, torch.Tensor]) -> list[Plain]:
    return [
        item if type(item) in PLAIN else _split(item, f"{path}/{index}", tensors) for index, item in enumerate(values)
    ]


def has_plain_keys(value: Mapping[Any, Any]) -> bool:
    """Whether a dict can be a JSON object as it is."""
    for key in value:  # noqa: SIM110  a loop takes half the time of all()
        if not isinstance(key, str) or key.startswith("$"):
            return False
    return True


def _split_tensor(tensor: torch.Tensor, path: str, tensors: dict[str, torch.Tensor]) -> Plain:
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized or tensor.is_nested:
        raise refusal(f"a tensor without plain memory ({tensor.layout}, {tensor.device})", path)
    stored, extra = tensor.detach().cpu(), {}
    if tensor.dtype == torch.complex128:
        stored, extra = torch.view_as_real(stored.resolve_conj().resolve_neg()), {"as": "complex128"}
    if stored.dtype not in CODES:
        raise refusal(f"a tensor of {tensor.dtype}", path)
    name = path.encode(errors="backslashreplace").decode()
    while name in tensors or name == RESERVED:
        name += "~"
    tensors[name] = stored
    return {"$tensor": name, **extra}


def _split_array(value: np.ndarray[Any, Any] | np.generic, path: str, tensors: dict[str, torch.Tensor]) -> Plain:
    if isinstance(value, np.generic):
        plain = value.item()
        if isinstance(plain, np.generic):
            raise refusal(f"a numpy {value.dtype}", path)
        return _split(plain, path, tensors)
    try:
        tensor = torch.from_numpy(np.array(value, order="C"))
    except (TypeError, ValueError):
        raise refusal(f"a numpy array of {value.dtype}", path) from None
    return {**_split_tensor(tensor, path, tensors), "as": "numpy"}


def join_path(path: str, key: object) -> str:
    """The path of an entry: the model's own names at the top."""
    return f"{path}/{key}" if path else str(key)


def refusal(what: str, path: str) -> CheckpointError:
    """The error for what a state cannot hold."""
    return CheckpointError(
        f"the state holds {what} at {path or 'its root'}; only tensors, numbers, strings, lists, tuples, sets and "
        "dicts can be saved: return these from state_dict()"
    )


def join_tensors(tree: Plain, tensors: Mapping[str, torch.Tensor]) -> Any:
    """The inverse of ``split_tensors``.

    Raises:
        CheckpointError: A reference names a tensor that is not there, or the tree is not of this form.
    """
    if isinstance(tree, list):
        return [join_tensors(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    key = next(iter(tree), "")
    if not key.startswith("$"):
        return {key: join_tensors(value, tensors) for key, value in tree.items()}
    value = tree[key]
    if key == "$tensor":
        return _join_tensor(value, tree.get("as"), tensors)
    if key == "$tuple":
        return tuple(join_tensors(item, tensors) for item in value)
    if key == "$set":
        return {join_tensors(item, tensors) for item in value}
    if key == "$items":
        return {join_tensors(k, tensors): join_tensors(v, tensors) for k, v in value}
    if key == "$float":
        return float(value)
    if key == "$complex":
        return complex(*(join_tensors(part, tensors) for part in value))
    if key == "$bytes":
        return base64.b64decode(value)
    raise CheckpointError(f"the checkpoint's state has the unknown form {key!r}")


def _join_tensor(name: str, form: str | None, tensors: Mapping[str, torch.Tensor]) -> Any:
    if name not in tensors:
        raise CheckpointError(f"the checkpoint's state names the tensor {name!r}, which it does not hold")
    tensor = tensors[name]
    if form == "complex128":
        return torch.view_as_complex(tensor)
    return tensor.numpy() if form == "numpy" else tensor
