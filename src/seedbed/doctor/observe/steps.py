"""The step ledger: optimizers, backward, zero_grad, clipping, loss scaling and schedules, in their order."""

from __future__ import annotations

import weakref
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from seedbed.doctor.observe.facts import BackwardFact, OptimizerFact, SchedulerFact, is_plain, root_name
from seedbed.doctor.observe.gradients import Sample, exact, marks_of, sizes_of
from seedbed.doctor.observe.graph import left_by_attack, walk
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.site import Site, here

WATCHED = 4
LARGE = 4_000_000
SET_ASIDE = frozenset({"lr", "learning_rate", "weight_decay", "momentum"})
WALK_FIRST = 6
MAX_WALKS = 24
PHASES = 6
LOOKS = frozenset({4, 7, 10})


class StepLedger:
    """Listens to everything that belongs to an optimisation step.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.keys: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.schedulers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.before: dict[int, Tensor] = {}
        self.touched: dict[int, tuple[int, bool, dict[int, tuple[int, int] | None]]] = {}
        self.scheduler_depth = 0
        self.in_scaler_step = False
        self.scaled = False
        self.stepping: set[int] = set()
        self.dropped: dict[int, set[Site | None]] = {}
        self.last_value: float | None = None
        self.losses: list[tuple[weakref.ref[Tensor], BackwardFact]] = []

    # -- optimizers ------------------------------------------------------------------------------------------

    def optimizer_built(self, optimizer: Any, site: Site | None) -> OptimizerFact | None:
        """Write down a new optimizer; called again for one already known it does nothing."""
        known = self.keys.get(optimizer)
        if known is not None:
            return self.record.optimizers.get(known)
        if len(self.record.optimizers) > 400 or not getattr(optimizer, "param_groups", None):
            return None
        key = len(self.record.optimizers) + 1
        self.keys[optimizer] = key
        group = optimizer.param_groups[0]
        settings: dict[str, Any] = {
            name: value
            for name, value in group.items()
            if name != "params" and isinstance(value, int | float | tuple | bool)
        }
        settings["rates"] = [float(g.get("lr", 0.0)) for g in optimizer.param_groups]
        settings["decays"] = [float(g.get("weight_decay", 0.0)) for g in optimizer.param_groups]
        settings["ranks"] = [frozenset(p.ndim for p in g["params"]) for g in optimizer.param_groups]
        params = [p for g in optimizer.param_groups for p in g["params"]]
        fact = OptimizerFact(key, type(optimizer).__name__, site, settings, params, self.record.steps)
        given = frozenset(name for g in optimizer.param_groups for name in g if isinstance(name, str))
        fact.options = (frozenset(getattr(optimizer, "defaults", {})), given)
        before = [o for o in self.record.optimizers.values() if o.steps and params and o.params[0] is params[0]]
        fact.rewound = bool(before) and before[-1].left != before[-1].written
        self.record.optimizers[key] = fact
        if self.record.steps and key <= PHASES and self.recorder.detailed:
            self.recorder.fresh = self.record.steps + 4  # a new part of the training: look closely again
            if not self.recorder.close:
                self.recorder.close = True
                self._forget_windows()
        return fact

    def fact_of(self, optimizer: Any) -> OptimizerFact | None:
        """Return the facts of an optimizer, writing it down when it is new."""
        return self.optimizer_built(optimizer, None)

    def _watched(self, fact: OptimizerFact) -> list[Tensor]:
        params = [p for p in fact.params if p.requires_grad]
        if len(params) <= WATCHED:
            return params
        if fact.steps > 40:
            return [params[0], params[-1]]
        return [params[0], params[len(params) // 3], params[2 * len(params) // 3], params[-1]]

    def before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Look at the gradients that a step is about to use."""
        fact = self.fact_of(optimizer)
        if fact is None or not self.recorder.detailed:
            return
        self.recorder.exports.stepping(fact.params, fact.steps == 0)
        if not self.recorder.close:
            if len(fact.losses) < 2000 and self.last_value is not None:
                fact.losses.append(self.last_value)
            return
        if not SET_ASIDE.isdisjoint(vars(optimizer)) and type(optimizer).__module__.startswith("torch.optim"):
            fact.aside = min(SET_ASIDE & vars(optimizer).keys())
        if fact.steps % 10 < 5:
            fact.params = [p for g in optimizer.param_groups for p in g["params"]]
        site = here()
        fact.step_sites[site] += 1
        self.stepping.add(fact.key)
        closure = (args[1] if len(args) > 1 else None) or kwargs.get("closure")
        watched = self._watched(fact)
        with torch.no_grad():
            if not callable(closure):
                fact.judged += 1
                self._judge_gradients(fact, watched)
            if not self.in_scaler_step and self.scaled and fact.backs and fact.backs[-1].scaled:
                fact.plain_steps_scaled[site] += 1
            if fact.steps < 6 or fact.steps % 20 == 0:
                wide = [p for p in watched if p.ndim > 1 and p.numel() < LARGE and is_plain(p)]
                self.before = {id(p): exact(p, copy=True) for p in wide}
            if not fact.start:
                small = sum(p.numel() for p in fact.params) < 5_000_000
                held = fact.params if small else watched
                fact.start = {id(p): p.detach().clone() for p in held if is_plain(p)}
            if fact.steps < 12 or fact.steps % 10 == 0:
                self._look_at_all(fact)

    def _look_at_all(self, fact: OptimizerFact) -> None:
        """Note which parameters have a gradient, and now and then how large it is."""
        fact.grad_checks += 1
        own = [p for p in fact.params if p.grad is not None]
        fact.grad_seen.update(map(id, own))
        if fact.grad_checks in LOOKS:
            own = [p for p in own if is_plain(p.grad)]
            largest = torch._foreach_norm([p.grad for p in own], float("inf")) if own else ()  # type: ignore[misc]
            sizes = [(id(p), size.item()) for p, size in zip(own, largest, strict=True)]
            fact.grad_nonzero.update(key for key, size in sizes if size > 1e-6)
            fact.grad_any.update(key for key, size in sizes if size > 0)
            fact.grad_looks.update(key for key, _ in sizes)

    def _judge_gradients(self, fact: OptimizerFact, watched: list[Tensor]) -> None:
        grads = [p.grad for p in watched if p.grad is not None]
        if not all(map(is_plain, grads)):
            return  # sparse gradients are not looked into
        number = len(fact.backs)
        if number:
            self._judge_window(fact)
        sizes = sizes_of(grads)
        if not any(sizes) and not any(bool(g.any()) for g in grads):
            everyone = [p.grad for p in fact.params if p.grad is not None and is_plain(p.grad)]
            if not any(bool(g.any()) for g in everyone):
                fact.empty += 1
                if number and fact.clears:
                    fact.erased += 1
                    fact.erased_by = fact.clears[-1]
                if fact.steps == 0:
                    fact.empty_first = True
            return
        if fact.steps and not number:
            fact.repeated += marks_of(watched) == fact.marks and sizes == fact.sizes
        fact.sizes, fact.bad_grads = sizes, fact.bad_grads + (not all(map(isfinite, sizes)))

    def _judge_window(self, fact: OptimizerFact) -> None:
        backs = fact.backs
        if fact.steps and not fact.cleared:
            fact.stale += 1
        same = len({b.site for b in backs}) == 1
        fresh = len({b.batch for b in backs}) == len(backs)
        by_hand = fact.sample is not None and fact.sample.look()
        divided = by_hand or backs[-1].root in ("Div", "Mul", "Add", "Sum", "")
        fact.backs_per_step.append((len(backs), same and fresh))
        if len(backs) > 1 and same and fresh and not divided and not any(b.scaled for b in backs):
            fact.undivided[backs[-1].site] += 1
        fact.attacked[backs[0].site] += left_by_attack(backs)
        first, last = backs[0].value, backs[-1].value
        if first is not None and len(fact.losses) < 2000:
            fact.losses.append(first if last is None else last)

    def after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Look at what a step changed, and start the next window."""
        fact = self.fact_of(optimizer)
        if fact is None:
            return
        self.stepping.discard(fact.key)
        self._count(fact, optimizer)
        if self.recorder.close or self.recorder.closing:
            with torch.no_grad():
                self._after_detail(fact)
            if not self.recorder.close:
                self._forget_windows()
        self.recorder.stepped()

    def _count(self, fact: OptimizerFact, optimizer: Any) -> None:
        fact.steps += 1
        self.record.steps += 1
        fact.last_step = self.record.steps
        fact.left = fact.written
        if len(fact.rates) < 20_000:
            fact.rates.append(float(optimizer.param_groups[0].get("lr", 0.0)))

    def counted(self, optimizer: Any) -> None:
        """Count a step that is not looked at, and the backward pass that came before it."""
        fact = self.fact_of(optimizer)
        if fact is not None:
            self._count(fact, optimizer)
            self.record.num_backwards += 1

    def _forget_windows(self) -> None:
        """Start anew after steps that were not watched: what other optimizers got in them is not known."""
        for other in self.record.optimizers.values():
            other.backs, other.clears, other.others_between = [], [], False
            other.leaking.clear()

    def _after_detail(self, fact: OptimizerFact) -> None:
        watched = self._watched(fact)
        pairs = [(p, old) for p in watched if (old := self.before.get(id(p))) is not None and old.shape == p.shape]
        if pairs and len(fact.ratios) < 400:
            olds = [old for _, old in pairs]
            moves = torch._foreach_norm(torch._foreach_sub([p.to(old.dtype) for p, old in pairs], olds))
            moved = [(move.item(), size.item()) for move, size in zip(moves, torch._foreach_norm(olds), strict=True)]
            fact.ratios.extend([max(ratios)] if (ratios := [m / s for m, s in moved if s > 1e-12]) else [])
        self.before = {}
        self.dropped.pop(fact.key, None)
        for (clear, place), times in fact.discarding.items():
            if fact.backs and fact.backs[-1].site == place:  # the same loss that is then stepped on
                fact.discarded[clear] += times
        fact.discarding.clear()
        fact.mark(watched, judged=self.recorder.close)
        for other in self.record.optimizers.values():
            if other is fact or not other.backs or other.key in self.stepping:
                continue
            for back in other.backs:
                if back in fact.backs:
                    other.wasted[back.site] += 1
            other.others_between = True
        fact.backs = []
        fact.clears = []
        fact.cleared = False
        if fact.leaking:
            fact.leaked.update(fact.leaking)  # only now are the foreign gradients used
            fact.leaking.clear()
        fact.others_between = False
        fact.unscaled = False

    # -- backward --------------------------------------------------------------------------------------------

    def before_backward(self, tensor: Any, retain: bool) -> BackwardFact | None:
        """Note which gradients exist before a backward pass, and walk its graph on the first passes."""
        record = self.record
        record.num_backwards += 1
        if not self.recorder.detailed:
            return None
        if not self.recorder.close:
            light = isinstance(tensor, Tensor) and tensor.numel() == 1 and is_plain(tensor)
            self.last_value = float(tensor.detach()) if light else None
            return None
        site = here()
        fact = BackwardFact(record.num_backwards, site, record.steps, retain=retain, scaled=self.scaled)
        fact.batch = record.num_forwards
        if isinstance(tensor, Tensor):
            fact.root = root_name(tensor)
            if tensor.numel() == 1 and is_plain(tensor):
                fact.value = float(tensor.detach())
            if record.num_backwards <= WALK_FIRST or (record.steps >= WALK_FIRST and record.walks < MAX_WALKS):
                fact.nodes, fact.data = walk(record, tensor, site)
        if len(record.backwards) < 5000:
            record.backwards.append(fact)
        self.touched = {}
        for optimizer in record.optimizers.values():
            self._before_touch(optimizer)
        return fact

    def _before_touch(self, optimizer: OptimizerFact) -> None:
        watched = self._watched(optimizer)
        marks: dict[int, tuple[int, int] | None] = {}
        dirty = False
        for p in watched:
            grad = p.grad
            marks[id(p)] = None if grad is None else (id(grad), grad._version)
            if grad is not None and not dirty and is_plain(grad):
                dirty = bool(grad.detach().any())
        if not dirty and watched:
            optimizer.cleared = True
            optimizer.backs = []
            optimizer.others_between = False
        self.touched[optimizer.key] = (optimizer.key, dirty, marks)

    def after_backward(self, fact: BackwardFact | None, tensor: Any) -> None:
        """Find out whose gradients a backward pass has changed."""
        if fact is None:
            return
        for key, (_, _, marks) in self.touched.items():
            optimizer = self.record.optimizers[key]
            watched = self._watched(optimizer)
            if any(mark != marks.get(one) for one, mark in marks_of(watched).items()):
                if optimizer.clears and optimizer.key not in self.stepping and fact.site in self.dropped.get(key, ()):
                    optimizer.discarding[optimizer.clears[-1], fact.site] += 1
                self.dropped.pop(key, None)
                if optimizer.others_between and optimizer.backs:
                    optimizer.leaking[optimizer.backs[-1].site] += 1
                optimizer.backs.append(fact)
                optimizer.clears = []
                optimizer.sample = Sample(watched, is_plain)
        self.touched = {}
        if isinstance(tensor, Tensor) and tensor.grad_fn is not None and len(self.losses) < 4000:
            self.losses.append((weakref.ref(tensor), fact))

    # -- clearing, clipping, scaling -------------------------------------------------------------------------

    def zeroed(self, params: list[Tensor]) -> None:
        """Note a ``zero_grad()`` for every optimizer that it clears."""
        if not self.recorder.detailed or not self.recorder.close:
            return
        site = here()
        ids = {id(p) for p in params}
        for fact in self.record.optimizers.values():
            if any(id(p) in ids for p in fact.params[:3]) or any(id(p) in ids for p in fact.params[-1:]):
                fact.zero_sites[site] += 1
                if fact.backs:
                    fact.clears.append(site)
                    self.dropped[fact.key] = {back.site for back in fact.backs}
                if fact.backs and not fact.cleared:
                    fact.cleared = True
            elif fact.steps and not fact.cleared:
                self.record.note("zero-other", site, key=fact.key)

    def clipped(self, params: Any, limit: float, norm: Any) -> None:
        """Note where in the order of events a clipping call came, and whether it touched anything."""
        if not self.recorder.detailed or self.recorder.in_backward:  # in a hook each gradient is used as it comes
            return
        site = here()
        held = [params] if isinstance(params, Tensor) else list(params)
        ids = {id(p) for p in held}
        value = float(norm) if isinstance(norm, Tensor) and is_plain(norm) else None
        self.record.note("clip", site, limit=limit, norm=value, params=len(held))
        if not self.recorder.close:
            return
        for fact in self.record.optimizers.values():
            if not any(id(p) in ids for p in fact.params):
                continue
            if fact.backs and any(p.grad is not None for p in fact.params):
                fact.clip_good[site] += 1
                fact.clip_ids |= ids
                if fact.backs[-1].scaled and not fact.unscaled:
                    fact.clip_scaled[site] += 1
            elif fact.steps and not fact.cleared and any(p.grad is not None for p in fact.params):
                fact.clip_late[site] += 1
            else:
                fact.clip_early[site] += 1

    def scaler_called(self, name: str, args: tuple[Any, ...]) -> None:
        """Note a call of ``GradScaler.scale``, ``unscale_`` or ``update``."""
        self.record.note(f"scaler-{name}", here())
        if name == "scale":
            self.scaled = True
        elif name == "unscale_" and args:
            fact = self.fact_of(args[0])
            if fact is not None:
                fact.unscaled = True

    # -- schedules -------------------------------------------------------------------------------------------

    def scheduler_built(self, scheduler: Any, optimizer: Any, site: Site | None) -> None:
        """Write down a new schedule with its numbers."""
        if scheduler in self.schedulers or len(self.record.schedulers) > 200:
            return
        fact = self.fact_of(optimizer)
        key = len(self.record.schedulers) + 1
        self.schedulers[scheduler] = key
        settings: dict[str, Any] = {
            name: value
            for name, value in vars(scheduler).items()
            if isinstance(value, int | float | str | bool) and not name.startswith("_")
        }
        settings["bases"] = [float(rate) for rate in getattr(scheduler, "base_lrs", ())]
        if hasattr(scheduler, "milestones"):
            settings["milestones"] = sorted(scheduler.milestones)
        self.record.schedulers[key] = SchedulerFact(
            key, type(scheduler).__name__, site, fact.key if fact else 0, settings, self.record.steps
        )

    def scheduler_stepped(self, scheduler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note one step of a schedule: after how many optimizer steps, with which metric."""
        fact = self.record.schedulers.get(self.schedulers.get(scheduler, 0))
        if fact is None:
            return
        fact.calls += 1
        if len(fact.at_steps) < 20_000:
            fact.at_steps.append(self.record.steps)
            fact.rates.append(float(scheduler.optimizer.param_groups[0]["lr"]))
        fact.sites[here()] += 1
        metric = args[0] if args else kwargs.get("metrics")
        if fact.kind == "ReduceLROnPlateau" and metric is not None and len(fact.metrics) < 5000:
            fact.metrics.append(float(metric))
