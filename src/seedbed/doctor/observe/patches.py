"""Replace functions and methods for a while, and put every one of them back."""

from __future__ import annotations

import functools
import os
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch._C import DisableTorchFunction

_GUARDS: weakref.WeakSet[Guard] = weakref.WeakSet()
_thread = threading.get_ident


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
        self._thread = threading.get_ident()
        _GUARDS.add(self)

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call and return; an exception is written down and ``None`` is returned.

        Nothing runs in other processes (data workers) or threads, nor while another callback runs.
        """
        if self.off or self.busy or _thread() != self._thread or (self.counts and self._given_up(call)):
            return None
        self.busy = True
        try:
            with DisableTorchFunction():  # our own operations are not looked at, and cost what they cost
                return call(*args, **kwargs)
        except Exception:
            self._failed(call)
            return None
        finally:
            self.busy = False

    def run_each(self, calls: Sequence[Callable[..., Any]], *args: Any) -> None:
        """Call one after the other with the same arguments; the failure of one does not stop the others."""
        if self.off or self.busy or _thread() != self._thread:
            return
        self.busy = True
        try:
            with DisableTorchFunction():
                for call in calls:
                    if self.counts and self._given_up(call):
                        continue
                    try:
                        call(*args)
                    except Exception:
                        self._failed(call)
        finally:
            self.busy = False

    def _given_up(self, call: Callable[..., Any]) -> bool:
        return self.counts.get(getattr(call, "__qualname__", "?"), 0) >= self.limit

    def _failed(self, call: Callable[..., Any]) -> None:
        name = getattr(call, "__qualname__", "?")
        self.counts[name] = self.counts.get(name, 0) + 1
        if len(self.failures) < 50:
            self.failures.append(traceback.format_exc(limit=-4))


def _close_in_child() -> None:
    """Data workers are other processes: nothing is watched there."""
    for guard in _GUARDS:
        guard.off = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


class Patches:
    """A list of replacements that can be undone."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any, bool, Any, bool]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]], hot: bool = False) -> None:
        """Replace ``owner.name`` by ``make(original)``; a missing name is left alone.

        Args:
            owner: A class or module.
            name: The attribute.
            make: Gets the original and returns what stands in for it.
            hot: It is called in every training step, so ``cool`` takes it off.
        """
        own = name in vars(owner)
        original = vars(owner)[name] if own else getattr(owner, name, None)
        if original is None or isinstance(original, staticmethod | classmethod):
            return
        replacement = functools.wraps(original)(make(original))
        setattr(owner, name, replacement)
        self._undo.append((owner, name, original, own, replacement, hot))

    def cool(self) -> None:
        """Take off what is called in every step, unless the script has put something over it."""
        kept = []
        for item in reversed(self._undo):
            owner, name, original, own, replacement, hot = item
            if hot and vars(owner).get(name) is replacement:
                _put_back(owner, name, original, own)
            else:
                kept.append(item)
        self._undo = kept[::-1]

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Put the originals back for a while; what the script has put over a replacement stays as it is."""
        away = [item for item in self._undo if vars(item[0]).get(item[1]) is item[4]]
        for owner, name, original, own, _, _ in reversed(away):
            _put_back(owner, name, original, own)
        try:
            yield
        finally:
            for owner, name, _, _, replacement, _ in away:
                setattr(owner, name, replacement)

    def undo(self) -> None:
        """Put everything back, the last replacement first."""
        while self._undo:
            owner, name, original, own, _, _ = self._undo.pop()
            _put_back(owner, name, original, own)


def _put_back(owner: Any, name: str, original: Any, own: bool) -> None:
    if own:
        setattr(owner, name, original)
    else:
        delattr(owner, name)
