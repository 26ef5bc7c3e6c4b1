"""A tensor that is n tensors: code that is written for one of them runs on all of them at once.

A ``Stacked`` holds its members along its first dimension, and shows the shape of one. An operation that it knows is
made on all members by one kernel (``seedbed.stacked.operations``); any other by ``torch.vmap``, which refuses what
cannot be done so: a decision that depends on the data, random numbers, writing into something shared.

Shapes: n member; everything after it is the shape that a member's code sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

Quick = Callable[..., Any]
QUICK: dict[Any, Quick] = {}


class Stacked(Tensor):
    """n tensors of one shape and type along a first dimension that the code which uses them does not see."""

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Make an operation of a member on all members."""
        with torch._C.DisableTorchFunctionSubclass():
            quick = QUICK.get(func)
            if quick is not None:
                result = quick(*args, **kwargs) if kwargs else quick(*args)
                if result is not NotImplemented:
                    return result
            return map_members(func, args, kwargs or {})


def wrap(tensor: Tensor) -> Stacked:
    """The tensor, shape (n, …), seen as its members."""
    return tensor.as_subclass(Stacked)


def mark(result: Tensor) -> Tensor:
    """A tensor that an operation has just made, seen as its members from now on; quicker than ``wrap``."""
    result.__class__ = Stacked
    return result


def unwrap(tensor: Tensor) -> Tensor:
    """All members as one plain tensor, shape (n, …)."""
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.as_subclass(Tensor)


def mark_tree(result: Any) -> Any:
    """Every tensor in a result, seen as its members."""
    return mark(result) if isinstance(result, Tensor) else pytree.tree_map_only(Tensor, mark, result)


def map_members(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """``func`` on each member, by ``torch.vmap``.

    Raises:
        RuntimeError: It cannot be done for all members at once.
    """
    leaves, spec = pytree.tree_flatten((tuple(args), dict(kwargs)))
    places = [number for number, leaf in enumerate(leaves) if isinstance(leaf, Stacked)]

    def call(*members: Tensor) -> Any:
        for number, member in zip(places, members, strict=True):
            leaves[number] = member
        its_args, its_kwargs = pytree.tree_unflatten(leaves, spec)
        return func(*its_args, **its_kwargs)

    return mark_tree(torch.vmap(call)(*(leaves[number].as_subclass(Tensor) for number in places)))
