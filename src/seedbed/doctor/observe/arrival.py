"""What is watched before the script imports torch: seeds, child processes, and the moment when torch is there.

Nothing here imports torch or NumPy: what the script sets before its own import of them must still have its effect.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from seedbed.doctor.observe.site import Site, is_user_file, site_of, user_frame

Then = Callable[[ModuleType], None]


class StopObservingError(BaseException):
    """Ends the script when enough was seen; not an ``Exception``, so that no handler of the script eats it."""


class Arrivals:
    """Calls back when the script has imported one of some modules; finds no module by itself.

    Args:
        wanted: What to do with each of the modules; those that are there already are handed over at once.
        begins: Called with the name of a module that is about to run.
    """

    def __init__(self, wanted: dict[str, Then], begins: Callable[[str], None] = lambda name: None) -> None:
        self.wanted = dict(wanted)
        self.begins = begins
        self.pid = os.getpid()
        self._looking = threading.local()

    def install(self) -> None:
        """Wait for the modules."""
        for name in [name for name in self.wanted if name in sys.modules]:
            self.wanted.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Wait no longer."""
        self.wanted.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return what the other finders know of a wanted module, with a loader that tells when it has run."""
        if name not in self.wanted or getattr(self._looking, "now", False):
            return None
        self._looking.now = True
        try:
            spec = self._ask_the_others(name, path, target)
        finally:
            self._looking.now = False
        execute = getattr(spec.loader, "exec_module", None) if spec is not None else None
        if execute is None:
            return spec

        def run(module: ModuleType) -> None:
            vars(spec.loader).pop("exec_module", None)
            self.begins(name)
            execute(module)
            then = self.wanted.pop(name, None)
            if then is not None and os.getpid() == self.pid:
                then(module)

        try:
            spec.loader.exec_module = run
        except AttributeError:
            return spec  # a loader that cannot be told apart from others of its kind
        return spec

    def _ask_the_others(self, name: str, path: Any, target: Any) -> Any:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None and finder is not self else None
            if spec is not None:
                return spec
        return None


def called_at() -> Site | None:
    """Return the line that seeds; for a function that only seeds, the line that calls it."""
    frame = user_frame(2)
    while frame is not None and any(w in frame.f_code.co_name.lower() for w in ("seed", "determin", "reproduc")):
        outer = frame.f_back
        if outer is None or not is_user_file(outer.f_code.co_filename):
            break
        frame = outer
    return None if frame is None else site_of(frame)


def states() -> dict[str, str]:
    """Return a short digest of the state of every global generator that is loaded."""
    found: dict[str, str] = {}
    torch: Any = sys.modules.get("torch")
    plain: Any = sys.modules.get("random")
    numpy: Any = sys.modules.get("numpy.random")
    if hasattr(torch, "get_rng_state"):
        found["torch"] = _digest(torch.get_rng_state().numpy().tobytes())
    if hasattr(plain, "getstate"):
        found["random"] = _digest(repr(plain.getstate()).encode())
    if hasattr(numpy, "get_state"):
        state = numpy.get_state()
        found["numpy"] = _digest(repr(state[1:3]).encode()) + _digest(state[1].tobytes())
    return found


def _digest(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Early:
    """Notes what happens before torch is there, and counts the processes that the script starts."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.seeds: dict[str, list[tuple[Site | None, Any, int]]] = {}
        self.start: dict[str, str] = {}
        self.heard: Callable[[str, Any], None] = self.note
        self.before_torch: dict[str, str] = {}  # what torch draws while it is imported is not the script's
        self.wrapped: set[str] = set()
        self.processes = 0
        self._starting = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_parent=self._forked)

    def wanted(self) -> dict[str, Then]:
        """What to do when these modules arrive."""
        return {
            "random": lambda module: self.generator_arrived("random", module),
            "numpy.random": lambda module: self.generator_arrived("numpy", module),
            "multiprocessing.process": self.processes_arrived,
        }

    def begins(self, name: str) -> None:
        """A module is about to run: note what was drawn until then."""
        if name == "torch":
            self.before_torch = states()

    def generator_arrived(self, name: str, module: Any) -> None:
        """Listen to the seeding of a generator."""
        original = getattr(module, "seed", None)
        if original is None:
            return
        self.start.setdefault(name, states().get(name, ""))
        self.wrapped.add(name)

        @functools.wraps(original)
        def seed(*args: Any, **kwargs: Any) -> Any:
            if os.getpid() == self.pid:
                self.heard(name, args[0] if args else next(iter(kwargs.values()), None))
            return original(*args, **kwargs)

        module.seed = seed

    def note(self, name: str, value: Any) -> None:
        """Note a call that seeds a generator; what was drawn before the first one is not the script's."""
        if not self.seeds:
            self.start.update(states())
        calls = self.seeds.setdefault(name, [])
        if len(calls) < 2000:
            calls.append((called_at(), value if isinstance(value, int | float | str) else None, 0))

    def processes_arrived(self, module: Any) -> None:
        """Count the processes that are started, but for those that only load data or hold shared objects."""
        original = module.BaseProcess.start

        @functools.wraps(original)
        def start(process: Any) -> Any:
            home = str(getattr(getattr(process, "_target", None), "__module__", ""))
            self._starting = True
            try:
                result = original(process)
            finally:
                self._starting = False
            if os.getpid() == self.pid and not home.startswith(("torch.utils.data", "multiprocessing.managers")):
                self.processes += 1
            return result

        module.BaseProcess.start = start

    def _forked(self) -> None:
        if os.getpid() == self.pid and not self._starting:
            self.processes += 1
