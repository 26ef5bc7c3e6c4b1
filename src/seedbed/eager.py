"""Keeping torch's compiler unloaded where nothing is compiled: its import takes longer than a short training.

Three public calls import it as a side effect: ``torch.use_deterministic_algorithms``, the first call of some methods of
every optimizer, and the first operation under a dispatch mode. Each has a private entry that does the same without it.
Where that entry is missing, or the compiler is loaded anyway, the public call is made.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# methods that torch wraps so that the compiler leaves them out; the wrapper looks for this attribute of the bare method
WRAPPED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
MARK = "__dynamo_disable"


def set_deterministic(mode: bool, *, warn_only: bool = False) -> None:
    """``torch.use_deterministic_algorithms``; its import is for telling the compiler, if that is there."""
    private: Callable[..., None] | None = getattr(torch._C, "_set_deterministic_algorithms", None)
    if private is None or "torch._inductor" in sys.modules:
        torch.use_deterministic_algorithms(mode, warn_only=warn_only)
    else:
        private(mode, warn_only=warn_only)


@contextmanager
def compiler(*, wanted: bool) -> Iterator[None]:
    """With the compiler, which is loaded now, so that it learns what is deterministic; or without it.

    Without it optimizers' methods run bare inside; after it they are as they were.
    """
    if wanted:
        importlib.import_module("torch._inductor.config")
    marked = [] if "torch._dynamo" in sys.modules else bare_methods()
    for method in marked:
        setattr(method, MARK, method)
    try:
        yield
    finally:
        for method in marked:
            if getattr(method, MARK, None) is method:
                delattr(method, MARK)


def bare_methods() -> list[Any]:
    """The functions inside the wrappers; those that are not wrapped, or already decided upon, are left out."""
    wrapped = [getattr(getattr(torch.optim.Optimizer, name, None), "__wrapped__", None) for name in WRAPPED]
    return [method for method in wrapped if method is not None and not hasattr(method, MARK)]


class Watching(TorchDispatchMode):
    """A dispatch mode, entered on an eager path."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # torch would load its compiler only to tell it to leave this class alone
        return False
