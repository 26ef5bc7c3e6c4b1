"""Replace functions and methods for a while, and put every one of them back."""

from __future__ import annotations

import functools
import os
import threading
import traceback
from collections.abc import Callable
from typing import Any

from torch._C import DisableTorchFunction


class StopObservingError(BaseException):
    """Ends the script when enough was seen; not an ``Exception``, so that no handler of the script eats it."""


class Guard:
    """Runs our own code so that its failure never reaches the script.

    Args:
        limit: Failures after which a callback is given up for good.
    """

    def __init__(self, limit: int = 20) -> None:
        self.failures: list[str] = []
        self.counts: dict[str, int] = {}
        self.limit = limit
        self.busy = False
        self.off = False
        self._process = os.getpid()
        self._thread = threading.get_ident()

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call and return; an exception is written down and ``None`` is returned.

        Nothing runs in other processes (data workers) or threads, nor while another callback runs.
        """
        if self.off or self.busy or threading.get_ident() != self._thread or os.getpid() != self._process:
            return None
        name = getattr(call, "__qualname__", "?")
        if self.counts.get(name, 0) >= self.limit:
            return None
        self.busy = True
        try:
            with DisableTorchFunction():  # our own operations are not looked at, and cost what they cost
                return call(*args, **kwargs)
        except Exception:
            self.counts[name] = self.counts.get(name, 0) + 1
            if len(self.failures) < 50:
                self.failures.append(traceback.format_exc(limit=-4))
            return None
        finally:
            self.busy = False


class Patches:
    """A list of replacements that can be undone."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any, bool]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
        """Replace ``owner.name`` by ``make(original)``; a missing name is left alone."""
        own = name in vars(owner)
        original = vars(owner)[name] if own else getattr(owner, name, None)
        if original is None or isinstance(original, staticmethod | classmethod):
            return
        replacement = functools.wraps(original)(make(original))
        setattr(owner, name, replacement)
        self._undo.append((owner, name, original, own))

    def undo(self) -> None:
        """Put everything back, the last replacement first."""
        while self._undo:
            owner, name, original, own = self._undo.pop()
            if own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)
