"""Which weights an evaluation saw, what it measured, and which weights were put back at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import xxhash
from torch import Tensor, nn

from seedbed.doctor.observe.facts import Record, is_plain
from seedbed.doctor.observe.patches import Guard, Patches
from seedbed.doctor.observe.site import Site, here

LARGEST = 5_000_000
MAX_LOADS = 24
MAX_SCORES = 2000
THIN = 4096


@dataclass
class Load:
    """Weights that ``load_state_dict`` put into a module, and what the module was then."""

    module: nn.Module
    site: Site | None
    step: int
    forward: int
    digest: int
    fresh: bool
    plain: dict[str, int]
    read: bool = False


@dataclass
class Timeline:
    """The weights at every evaluation, the scores of the script's own comparisons, and the loads.

    Args:
        record: The facts of the run.
    """

    record: Record
    weights: dict[int, int] = field(default_factory=dict)
    scores: dict[Site, dict[int, tuple[int, int]]] = field(default_factory=dict)
    loads: list[Load] = field(default_factory=list)
    latest: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def evaluated(self, module: nn.Module, key: int) -> None:
        """Remember the weights of a module that is called without gradients, once per optimizer step."""
        step = self.record.steps
        if self.latest.get(key) == step or len(self.weights) > MAX_SCORES:
            return
        self.latest[key] = step
        self.weights.setdefault(digest_of(module), step)

    def compared(self, right: Tensor) -> None:
        """Remember how many predictions were right in one comparison."""
        site = here()
        if site is None or self.count >= MAX_SCORES:
            return
        self.count += 1
        hits, size = self.scores.setdefault(site, {}).get(self.record.steps, (0, 0))
        self.scores[site][self.record.steps] = (hits + int(right.sum()), size + right.numel())

    def loaded(self, module: nn.Module, site: Site | None, fresh: bool) -> bool:
        """Remember a load; say whether later reads of the module's weights must be noticed."""
        if len(self.loads) >= MAX_LOADS or not self.record.steps:
            return False
        if sum(p.numel() for p in module.parameters()) > LARGEST:
            return False
        plain = {name: id(value) for name, value in plain_tensors(module)}
        now = self.record.num_forwards
        self.loads.append(Load(module, site, self.record.steps, now, digest_of(module), fresh, plain))
        return fresh

    def read(self, module: nn.Module) -> None:
        """Note that the weights of a module were read."""
        for load in self.loads:
            load.read = load.read or load.module is module


def digest_of(module: nn.Module) -> int:
    """Return a digest of a module's first and last parameters, thinned."""
    held = [p for p in module.parameters() if is_plain(p)]
    state = xxhash.xxh3_64()
    for parameter in (held[:1] + held[1:2] + held[-2:]) if held else ():
        flat = parameter.detach().reshape(-1)
        thin = flat[:: flat.numel() // THIN + 1].to("cpu").contiguous()
        state.update((thin.float() if thin.dtype == torch.bfloat16 else thin).numpy().tobytes())
    return state.intdigest()


def plain_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors that a module and its parts keep as ordinary attributes: ``state_dict`` leaves them out."""
    for prefix, part in module.named_modules():
        for name, value in vars(part).items():
            if isinstance(value, Tensor) and is_plain(value) and value.is_floating_point() and value.numel():
                yield f"{prefix}.{name}".lstrip("."), value


def install(timeline: Timeline, guard: Guard, patches: Patches) -> None:
    """Notice from now on who reads the weights of a module; put in place by the first load that asks for it."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def named_parameters(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if not guard.busy:
                timeline.read(self)
            return original(self, *args, **kwargs)

        return named_parameters

    patches.replace(nn.Module, "named_parameters", make)
