"""Which random generators are used and seeded, when, and from where; PyTorch's own warnings."""

from __future__ import annotations

import hashlib
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch

from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.site import Site, here, is_user_file, site_of, user_frame


def _called_at() -> Site | None:
    """Return the line that seeds; for a function that only seeds, the line that calls it."""
    frame = user_frame(2)
    while frame is not None and any(w in frame.f_code.co_name.lower() for w in ("seed", "determin", "reproduc")):
        outer = frame.f_back
        if outer is None or not is_user_file(outer.f_code.co_filename):
            break
        frame = outer
    return None if frame is None else site_of(frame)


def states() -> dict[str, str]:
    """Return a short digest of the state of every global generator."""
    found = {
        "torch": hashlib.md5(torch.get_rng_state().numpy().tobytes(), usedforsecurity=False).hexdigest(),
        "random": hashlib.md5(repr(random.getstate()).encode(), usedforsecurity=False).hexdigest(),
    }
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        found["numpy"] = hashlib.md5(repr(numpy.random.get_state()[1:3]).encode(), usedforsecurity=False).hexdigest()
        found["numpy"] += hashlib.md5(numpy.random.get_state()[1].tobytes(), usedforsecurity=False).hexdigest()
    return found


class RandomWatch:
    """Wraps the seeding functions and listens to warnings.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.start = states()
        self._show: Any = None

    def seeded(self, name: str, value: Any) -> None:
        """Note a call that seeds a generator."""
        if self.recorder.busy_seeding:
            return
        if not self.recorder.record.seeds:
            self.start = states()  # what libraries draw while they are imported is not the script's
        calls = self.recorder.record.seeds.setdefault(name, [])
        if len(calls) < 2000:
            number = value if isinstance(value, int | float | str) else None
            calls.append((_called_at(), number, self.recorder.record.steps))

    def used(self) -> list[str]:
        """Return the global generators whose state has changed since the start."""
        now = states()
        return [name for name, digest in now.items() if self.start.get(name, digest) != digest]

    def warned(self, message: Any, category: type[Warning], filename: str, line: int) -> None:
        """Note a warning that Python shows."""
        text = str(message)
        site = Site(filename, line) if is_user_file(filename) else here()
        self.recorder.record.note("warning", site, text=text, category=category.__name__)


def install(watch: RandomWatch, patches: Any) -> None:
    """Wrap the seeding functions and ``warnings.showwarning``."""
    guard = watch.recorder.guard

    def seeding(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def seed(*args: Any, **kwargs: Any) -> Any:
                given = args[0] if args else next(iter(kwargs.values()), None)
                guard.run(watch.seeded, name, given)
                return original(*args, **kwargs)

            return seed

        return make

    def shown(original: Callable[..., Any]) -> Callable[..., Any]:
        def showwarning(
            message: Any, category: Any, filename: Any, lineno: Any, file: Any = None, line: Any = None
        ) -> None:
            guard.run(watch.warned, message, category, filename, lineno)
            original(message, category, filename, lineno, file, line)

        return showwarning

    import numpy

    patches.replace(torch, "manual_seed", seeding("torch"))
    patches.replace(torch.random, "manual_seed", seeding("torch"))
    patches.replace(numpy.random, "seed", seeding("numpy"))
    patches.replace(random, "seed", seeding("random"))
    patches.replace(warnings, "showwarning", shown)
