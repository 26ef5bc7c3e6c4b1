"""What a probe is given: the facts of the run, and answers to the questions that many probes ask."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import BackwardFact, ForwardFact, OptimizerFact, Record, RootFact
from seedbed.doctor.observe.site import Site, loops_in_function

if TYPE_CHECKING:
    from seedbed.doctor.observe.recorder import Recorder


class Run:
    """A finished run.

    Args:
        recorder: The recorder that watched it.
        used: Names of the global random generators that were used.
    """

    def __init__(self, recorder: Recorder, used: list[str]) -> None:
        self.recorder = recorder
        self.record: Record = recorder.record
        self.used = used
        self.step_site = self._step_site()
        for fact in self.record.forwards:
            loader = self.record.loaders.get(fact.loader)
            if loader is not None:
                loader.training += fact.reached
                loader.evaluating += not (fact.reached or fact.asked)

    def _step_site(self) -> Site | None:
        for optimizer in self.record.optimizers.values():
            for site, _ in optimizer.step_sites.most_common(1):
                return site
        return None

    @cached_property
    def stepped(self) -> list[OptimizerFact]:
        """Optimizers that made steps."""
        return [o for o in self.record.optimizers.values() if o.steps]

    @cached_property
    def trained_ids(self) -> set[int]:
        """Ids of the parameters that stepping optimizers hold."""
        return {id(p) for o in self.stepped for p in o.params}

    @cached_property
    def names(self) -> dict[int, str]:
        """Names of the parameters of all modules that were called."""
        found: dict[int, str] = {}
        for root in self.record.roots.values():
            for name, parameter in root.module.named_parameters():
                found.setdefault(id(parameter), name)
        return found

    @cached_property
    def trained_roots(self) -> set[int]:
        """Keys of the called modules that have parameters in a stepping optimizer."""
        return {
            key
            for key, root in self.record.roots.items()
            if any(id(p) in self.trained_ids for p in root.module.parameters())
        }

    @cached_property
    def training_forwards(self) -> list[ForwardFact]:
        """Calls whose output a backward pass reached."""
        return [f for f in self.record.forwards if f.reached]

    @cached_property
    def first_training(self) -> int:
        """Number of the first forward call that was trained on."""
        return min((f.number for f in self.training_forwards), default=0)

    @cached_property
    def helpers(self) -> set[tuple[int, str, int]]:
        """Places whose calls without a backward pass belong to the training step itself (targets, fakes)."""
        found: set[tuple[int, str, int]] = set()
        by_backwards: dict[int, list[ForwardFact]] = {}
        for fact in self.record.forwards:
            by_backwards.setdefault(fact.backwards, []).append(fact)
        for group in by_backwards.values():
            reached = [f.number for f in group if f.reached]
            if not reached:
                continue
            first = min(reached)
            for fact in group:
                fed = fact.consumer is not None and fact.consumer.reached
                if not fact.reached and (fact.number > first or fed):
                    found.add(_place(fact))
        found.update(_place(f) for f in self.record.forwards if not f.reached and self._before_backward(f.site))
        return found

    def _before_backward(self, site: Site | None) -> bool:
        """Say whether a line stands above ``backward()`` in a function that makes one training step per call."""
        back = self.backward_site
        if site is None or back is None or (site.file, site.function) != (back.file, back.function):
            return False
        return site.function != "<module>" and site.line < back.line and not loops_in_function(back)

    @cached_property
    def evaluations(self) -> list[ForwardFact]:
        """Calls of trained modules that no backward pass followed and that are no part of a training step."""
        found = []
        reached = [f for f in self.record.forwards if f.reached]
        ended = reached[-1].number if reached and not self.record.finished else None
        learning = {_place(f) for f in reached}
        for fact in self.record.forwards:
            if fact.reached or fact.asked or fact.root not in self.trained_roots or _place(fact) in self.helpers:
                continue
            if ended is not None and fact.number > ended and _place(fact) in learning:
                continue  # a step that the end of the time cut in two
            if fact.number > self.first_training and self.record.num_backwards:
                found.append(fact)
        return found

    @cached_property
    def backward_site(self) -> Site | None:
        """The line that calls backward most often."""
        sites: dict[Site | None, int] = {}
        for fact in self.record.backwards:
            sites[fact.site] = sites.get(fact.site, 0) + 1
        return max(sites, key=lambda s: sites[s], default=None)

    def owner_of(self, parameter: Tensor) -> tuple[nn.Module | None, str]:
        """Return the module that holds a parameter and its name below the called module."""
        for root in self.record.roots.values():
            for name, module in root.module.named_modules():
                for own, held in module.named_parameters(recurse=False):
                    if held is parameter:
                        return module, f"{name}.{own}".lstrip(".")
        return None, ""

    def made_at(self, thing: Any) -> Site | None:
        """Return the line that registered a module or parameter."""
        known = self.record.made_at.get(id(thing))
        return known[1] if known else None

    def root_name(self, key: int) -> str:
        """Return the script's name for a called module."""
        root: RootFact | None = self.record.roots.get(key)
        return root.name if root else "model"

    def backs_at(self, site: Site | None) -> list[BackwardFact]:
        """Return the backward passes of one line."""
        return [b for b in self.record.backwards if b.site == site]


def _place(fact: ForwardFact) -> tuple[int, str, int]:
    return fact.root, fact.site.file if fact.site else "", fact.site.line if fact.site else 0


def report(code: str, title: str, site: Site | None = None, fix: str = "", why: str = "", **more: Any) -> Finding:
    """Return a finding of a watched run at a line."""
    where = more.pop("where", "")
    fields: dict[str, Any] = {"source": "dynamic", "fix": fix.rstrip("."), "why": why, "where": where}
    if site is not None:
        fields.update(file=site.file, line=site.line)
    if "severity" in more:
        fields["severity"] = more.pop("severity")
    return CHECKS[code].finding(title, evidence=more, **fields)


def number(value: float) -> str:
    """Write a number for a message, four digits at most."""
    return f"{value:.4g}"
