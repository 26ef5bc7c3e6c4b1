"""Replace functions and methods for a while, and put every one of them back."""

from __future__ import annotations

import functools
import os
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch._C import DisableTorchFunction

from seedbed.doctor.observe.arrival import StopObservingError as StopObservingError

_GUARDS: weakref.WeakSet[Guard] = weakref.WeakSet()
_thread = threading.get_ident


class _Busy:
    """Whether our own code runs just now: one answer for all guards, so that no watch looks at another one's work."""

    now = False


_BUSY = _Busy()


@contextmanager
def unwatched() -> Iterator[None]:
    """Let our own code run the script's modules and losses without any open watch taking it for the script."""
    before, _BUSY.now = _BUSY.now, True
    try:
        yield
    finally:
        _BUSY.now = before


class Guard:
    """Runs our own code so that its failure never reaches the script.

    Args:
        limit: Failures after which a callback is given up for good.
    """

    def __init__(self, limit: int = 20) -> None:
        self.failures: list[str] = []
        self.counts: dict[str, int] = {}
        self.limit = limit
        self.off = False
        self._thread = threading.get_ident()
        _GUARDS.add(self)

    @property
    def busy(self) -> bool:
        """Whether our own code runs just now, for this watch or another one."""
        return _BUSY.now

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call and return; an exception is written down and ``None`` is returned.

        Nothing runs in other processes (data workers) or threads, nor while another callback runs.
        """
        if self.off or _BUSY.now or _thread() != self._thread or (self.counts and self._given_up(call)):
            return None
        _BUSY.now = True
        try:
            with DisableTorchFunction():  # our own operations are not looked at, and cost what they cost
                return call(*args, **kwargs)
        except Exception:
            self._failed(call)
            return None
        finally:
            _BUSY.now = False

    def run_each(self, calls: Sequence[Callable[..., Any]], *args: Any) -> None:
        """Call one after the other with the same arguments; the failure of one does not stop the others."""
        if self.off or _BUSY.now or _thread() != self._thread:
            return
        _BUSY.now = True
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
            _BUSY.now = False

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


@dataclass(eq=False)
class _Layer:
    """One replacement: what stood there before, and how to make what stands there now from it."""

    owner: Any
    name: str
    make: Callable[[Any], Callable[..., Any]]
    original: Any
    own: bool
    replacement: Any
    hot: bool

    def is_on_top(self) -> bool:
        """Say whether nothing lies over it."""
        return vars(self.owner).get(self.name) is self.replacement


_LAYERS: dict[tuple[int, str], list[_Layer]] = {}  # of all watches, as they may lie over one another


def _wrapped(make: Callable[[Any], Callable[..., Any]], original: Any) -> Any:
    return functools.wraps(original)(make(original))


class Patches:
    """A list of replacements that can be undone, also from below those of another list."""

    def __init__(self) -> None:
        self._undo: list[_Layer] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]], hot: bool = False) -> None:
        """Replace ``owner.name`` by ``make(original)``; a missing name is left alone.

        Args:
            owner: A class or module.
            name: The attribute.
            make: Gets the original and returns what stands in for it; called again when what lies below goes away.
            hot: It is called in every training step, so ``cool`` takes it off.
        """
        own = name in vars(owner)
        original = vars(owner)[name] if own else getattr(owner, name, None)
        if original is None or isinstance(original, staticmethod | classmethod):
            return
        layer = _Layer(owner, name, make, original, own, _wrapped(make, original), hot)
        setattr(owner, name, layer.replacement)
        _LAYERS.setdefault((id(owner), name), []).append(layer)
        self._undo.append(layer)

    def cool(self) -> None:
        """Take off what is called in every step, unless the script has put something over it."""
        self._undo = [layer for layer in reversed(self._undo) if not (layer.hot and _lift(layer))][::-1]

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Put the originals back for a while; what the script has put over a replacement stays as it is."""
        away = [layer for layer in self._undo if layer.is_on_top()]
        for layer in reversed(away):
            _put_back(layer)
        try:
            yield
        finally:
            for layer in away:
                setattr(layer.owner, layer.name, layer.replacement)

    def undo(self) -> None:
        """Put everything back, the last replacement first; what the script has put over one stays as it is."""
        while self._undo:
            layer = self._undo.pop()
            if not _lift(layer):
                _forget(layer)  # it still hands calls on to the original, and looks at nothing


def _lift(layer: _Layer) -> bool:
    """Take a replacement away, also from below those of other watches; say whether that was possible."""
    above, top = [], layer
    while not top.is_on_top():
        nearest = [other for other in _LAYERS[id(top.owner), top.name] if other.original is top.replacement]
        if not nearest:
            return False
        top = nearest[0]
        above.append(top)
    _put_back(layer)
    _forget(layer)
    below, own = layer.original, layer.own
    for other in above:
        other.original, other.own = below, own
        other.replacement = _wrapped(other.make, below)
        setattr(other.owner, other.name, other.replacement)
        below, own = other.replacement, True
    return True


def _forget(layer: _Layer) -> None:
    key = id(layer.owner), layer.name
    _LAYERS[key].remove(layer)
    if not _LAYERS[key]:
        del _LAYERS[key]


def _put_back(layer: _Layer) -> None:
    if layer.own:
        setattr(layer.owner, layer.name, layer.original)
    else:
        delattr(layer.owner, layer.name)
