"""Which random generators are used and seeded, when, and from where; PyTorch's own warnings."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy.random
import torch

from seedbed.doctor.observe.arrival import Early, called_at, states
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.site import Site, here, is_user_file


class RandomWatch:
    """Wraps the seeding functions and listens to warnings.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.start = states()
        self.listening: set[str] = set()

    def take_over(self, early: Early) -> None:
        """Go on from what was noted before torch was there; its wrappers stay and tell us from now on."""
        fresh = {name for name, state in early.start.items() if early.before_torch.get(name, state) == state}
        self.start |= {name: state for name, state in early.start.items() if name not in fresh}
        self.recorder.record.seeds.update(early.seeds)
        self.listening = early.wrapped
        early.heard = lambda name, value: self.recorder.guard.run(self.seeded, name, value)

    def seeded(self, name: str, value: Any) -> None:
        """Note a call that seeds a generator."""
        if self.recorder.busy_seeding:
            return
        if not self.recorder.record.seeds:
            self.start = states()  # what libraries draw while they are imported is not the script's
        calls = self.recorder.record.seeds.setdefault(name, [])
        if len(calls) < 2000:
            number = value if isinstance(value, int | float | str) else None
            calls.append((called_at(), number, self.recorder.record.steps))

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

    patches.replace(torch, "manual_seed", seeding("torch"))
    patches.replace(torch.random, "manual_seed", seeding("torch"))
    if "numpy" not in watch.listening:
        patches.replace(numpy.random, "seed", seeding("numpy"))
    if "random" not in watch.listening:
        patches.replace(random, "seed", seeding("random"))
    patches.replace(warnings, "showwarning", shown)
