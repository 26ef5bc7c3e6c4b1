"""What is copied, kept, saved and loaded, and whether it still shares memory with the model that trains."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from seedbed.doctor.observe import restores
from seedbed.doctor.observe.facts import is_plain
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.site import Site, here


@dataclass
class Average:
    """A copy of a model that follows it: how far it moves towards the model at each of its updates."""

    module: Any
    site: Site | None
    source: Any = None
    last: Tensor | None = None
    ahead: Tensor | None = None
    step: int = 0
    means: dict[str, Tensor] = field(default_factory=dict)
    shares: list[float] = field(default_factory=list)
    still: int = 0
    copied: int = 0
    moved: int = 0


class CopyWatch:
    """Wraps ``state_dict``, ``load_state_dict``, ``copy`` and ``torch.save``.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.taken: dict[int, tuple[weakref.ref[Tensor], int, Site | None]] = {}
        self.averages: list[Average] = []
        self.loaded: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self.reading = False

    def state_taken(self, module: nn.Module, state: Any) -> None:
        """Remember when a state dict was taken, by the tensors in it."""
        site = here()
        self.recorder.timeline.read(module)
        for tensor in list(state.values())[:400]:
            if isinstance(tensor, Tensor):
                if len(self.taken) > 20_000:
                    self.taken.clear()
                self.taken[id(tensor)] = (weakref.ref(tensor), self.record.steps, site)

    def _age(self, tensor: Tensor) -> tuple[int, Site | None] | None:
        known = self.taken.get(id(tensor))
        if known is None or known[0]() is not tensor:
            return None
        return self.record.steps - known[1], known[2]

    def state_loaded(self, module: nn.Module, state: Any, strict: bool, result: Any) -> None:
        """Find out whether a load gave the model anything new."""
        self.loaded.add(module)
        site = here()
        fresh = all(root.module is not module for root in self.record.roots.values())
        if self.recorder.timeline.loaded(module, site, fresh) and not self.reading:
            self.reading = True
            restores.install(self.recorder.timeline, self.recorder.guard, self.recorder.patches)
        own = {name: t for name, t in module.state_dict().items() if isinstance(t, Tensor)}
        given = {name: t for name, t in dict(state).items() if isinstance(t, Tensor)}
        common = [name for name in own if name in given]
        shared = [n for n in common if own[n].data_ptr() == given[n].data_ptr() and own[n].numel()]
        ages = [age for age in (self._age(given[n]) for n in common) if age is not None]
        old = max((age for age, _ in ages), default=0)
        taken = next((where for age, where in ages if age == old), None)
        own_again = len(shared) == len(common) and not ages
        if common and self.record.steps and (old > 0 or own_again):
            self.record.note("live-state", taken or site, use=site, how="load_state_dict()", steps=old)
        missing = len(getattr(result, "missing_keys", ()) or ())
        unexpected = len(getattr(result, "unexpected_keys", ()) or ())
        if not strict and (missing or unexpected):
            examples = [*result.missing_keys[:1], *result.unexpected_keys[:1]]
            self.record.note(
                "partial-load", site, missing=missing, unexpected=unexpected, keys=len(own), examples=examples
            )

    def saved(self, value: Any) -> None:
        """Find out whether something old but still living is written."""
        if isinstance(value, nn.Module):
            self.recorder.timeline.read(value)
        for tensor in _walk(value, 3):
            age = self._age(tensor)
            if age is not None and age[0] > 0:
                self.record.note("live-state", age[1], use=here(), how="torch.save()", steps=age[0])
                return

    def copied(self, module: nn.Module, deep: bool, result: Any) -> None:
        """Note a copy of a module."""
        site = here()
        self.recorder.timeline.read(module)
        if not deep:
            if next(module.parameters(), None) is not None:
                self.record.note("shallow-copy", site, kind=type(module).__name__)
            return
        if len(self.averages) < 20 and next(module.parameters(), None) is not None:
            norms = {n: m.running_mean for n, m in result.named_modules() if isinstance(m, _BatchNorm)}
            means = {n: t.clone() for n, t in list(norms.items())[:4] if t is not None and is_plain(t)}
            self.averages.append(Average(weakref.ref(result), site, weakref.ref(module), means=means))

    def follow(self) -> None:
        """Measure how far each copy moved towards the model since the last look."""
        for average in self.averages:
            copy_of, source = average.module(), average.source()
            if copy_of is None or source is None or average.still > 400:
                continue
            pair = _first_matrix(copy_of, source)
            if pair is None:
                continue
            now, target = pair[0].detach(), pair[1].detach()
            last, ahead, step = average.last, average.ahead, average.step
            average.last, average.ahead, average.step = now.clone(), target.clone(), self.record.steps
            if last is None or ahead is None:
                continue
            if torch.equal(last, now):
                average.still += 1
                continue
            average.moved += 1
            if torch.equal(now, target) or torch.equal(now, ahead):
                average.copied += 1  # as it is, or was before the last step
                continue
            if self.record.steps - step > 1:
                continue  # the model has gone on since the copy was moved
            gap = (ahead - last).double().flatten()  # the model as the update found it
            move = (now - last).double().flatten()
            size = float(gap @ gap)
            if size > 0 and len(average.shares) < 200:
                share = float(move @ gap) / size
                rest = float((move - share * gap).norm()) / max(float(move.norm()), 1e-30)
                if rest < 0.05:
                    average.shares.append(share)


def _first_matrix(copy_of: nn.Module, source: nn.Module) -> tuple[Tensor, Tensor] | None:
    theirs = dict(source.named_parameters())
    for name, parameter in copy_of.named_parameters():
        other = theirs.get(name, theirs.get(name.removeprefix("module.")))
        if other is None or parameter is other or parameter.shape != other.shape:
            continue
        if parameter.ndim >= 2 and parameter.numel() < 1_000_000 and is_plain(parameter):
            return parameter, other
    return None


def stale_buffers(average: Average) -> tuple[str, int] | None:
    """Return a BatchNorm of the copy whose statistics stand still while the model's moved, and by how many batches."""
    copy_of, source = average.module(), average.source()
    if copy_of is None or source is None:
        return None
    theirs = dict(source.named_modules())
    for name, module in copy_of.named_modules():
        other = theirs.get(name, theirs.get(name.removeprefix("module.")))
        start = average.means.get(name)
        if isinstance(module, _BatchNorm) and isinstance(other, _BatchNorm) and start is not None:
            if not torch.equal(module.running_mean, start):  # type: ignore[arg-type]
                return None  # copied or computed anew since
            mine, its = module.num_batches_tracked, other.num_batches_tracked
            behind = 0 if mine is None or its is None else int(its) - int(mine)
            if behind > 0 and not torch.equal(module.running_mean, other.running_mean):  # type: ignore[arg-type]
                return name, behind
    return None


def _walk(value: Any, depth: int) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if depth and isinstance(value, dict):
        return [t for item in list(value.values())[:400] for t in _walk(item, depth - 1)]
    if depth and isinstance(value, list | tuple):
        return [t for item in list(value)[:400] for t in _walk(item, depth - 1)]
    return []


def install(watch: CopyWatch, patches: Any) -> None:
    """Wrap the functions that copy, save and load."""
    guard = watch.recorder.guard

    def state_dict(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(self, *args, **kwargs)
            if not args and kwargs.get("destination") is None:
                guard.run(watch.state_taken, self, out)
            return out

        return call

    def load(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(self, state, *args, **kwargs)
            strict = bool(args[0]) if args else bool(kwargs.get("strict", True))
            guard.run(watch.state_loaded, self, state, strict, out)
            return out

        return call

    def copying(deep: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(x: Any, *args: Any, **kwargs: Any) -> Any:
                out = original(x, *args, **kwargs)
                if isinstance(x, nn.Module) and not args:
                    guard.run(watch.copied, x, deep, out)
                return out

            return call

        return make

    def save(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(obj: Any, *args: Any, **kwargs: Any) -> Any:
            guard.run(watch.saved, obj)
            return original(obj, *args, **kwargs)

        return call

    patches.replace(nn.Module, "state_dict", state_dict)
    patches.replace(nn.Module, "load_state_dict", load)
    patches.replace(copy, "copy", copying(False))
    patches.replace(copy, "deepcopy", copying(True))
    patches.replace(torch.optim.swa_utils, "deepcopy", copying(True))
    patches.replace(torch, "save", save)
