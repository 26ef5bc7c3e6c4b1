"""Weights that are handed out as NumPy arrays: an array shares the memory, and who writes to it changes the model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seedbed.doctor.observe.facts import Record, is_plain
from seedbed.doctor.observe.patches import Guard, Patches
from seedbed.doctor.observe.site import Site, here, is_user_file

LARGEST = 1_000_000
MAX_OPEN = 64
MAX_WINDOWS = 40


class Exports:
    """Compares exported weights with what they are at the next optimizer step.

    Args:
        record: The facts of the run.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.places: dict[int, Tensor] = {}
        self.open: list[tuple[Tensor, Tensor, int, int, Site | None]] = []
        self.windows = 0

    def given(self, place: int) -> None:
        """Remember the values of a parameter whose memory was handed out."""
        parameter = self.places[place]
        if len(self.open) >= MAX_OPEN or self.windows >= MAX_WINDOWS or not self.record.steps:
            return
        if parameter.data_ptr() == place and parameter.numel() <= LARGEST and is_plain(parameter):
            values = parameter.detach().clone()
            self.open.append((parameter, values, parameter._version, self.record.steps, here()))

    def copied(self) -> None:
        """Note weights that are copied onto themselves: what was kept is the live tensor."""
        if self.record.steps:
            self.record.note("live-state", here(), use=here(), how="copy_()", steps=self.record.steps)

    def stepping(self, params: list[Tensor], first: bool) -> None:
        """Learn where the parameters of an optimizer lie, and look whether exported ones were written to."""
        if first:
            self.places.update((p.data_ptr(), p) for p in params if is_plain(p) and p.is_cpu and p.numel())
        if not self.open:
            return
        self.windows += 1
        for parameter, values, version, step, site in self.open:
            now = parameter.detach()
            if step == self.record.steps and version == parameter._version and not torch.equal(now, values):
                change = float((now - values).norm() / (values.norm() + 1e-12))
                if change > 1e-3:
                    self.record.note("written-export", site, change=change, shape=tuple(now.shape), after=step)
        self.open = []


def install(exports: Exports, guard: Guard, patches: Patches) -> None:
    """Wrap ``Tensor.numpy`` and ``Tensor.copy_``."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def numpy(self: Tensor, *args: Any, **kwargs: Any) -> Any:
            out = original(self, *args, **kwargs)
            if exports.places and not guard.busy and (place := self.data_ptr()) in exports.places:
                guard.run(exports.given, place)
            return out

        return numpy

    def make_copy(original: Callable[..., Any]) -> Callable[..., Any]:
        def copy_(self: Tensor, source: Any, *args: Any, **kwargs: Any) -> Any:
            if exports.places and not guard.busy and (place := self.data_ptr()) in exports.places:
                same = isinstance(source, Tensor) and source.data_ptr() == place and source.shape == self.shape
                if same and is_user_file(sys._getframe(1).f_code.co_filename):
                    guard.run(exports.copied)
            return original(self, source, *args, **kwargs)

        return copy_

    patches.replace(torch.Tensor, "numpy", make, hot=True)
    patches.replace(torch.Tensor, "copy_", make_copy)
