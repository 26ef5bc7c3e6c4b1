"""What only values and counts show: noise in evaluation, bytes that wrap, settings that nothing reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise

from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import assigned_at
from seedbed.doctor.probes.view import Run, number, report

OWN_KEYS = frozenset({"params", "initial_lr", "name", "names", "param_names", "lr_scale", "max_lr", "min_lr", "swa_lr"})

SYNONYMS = {
    "learning_rate": "lr", "learningrate": "lr", "rate": "lr", "wd": "weight_decay", "decay": "weight_decay",
    "l2": "weight_decay", "epsilon": "eps", "beta": "betas",
}  # fmt: skip


def probe(run: Run) -> Iterator[Finding]:
    """Report operations with impossible values, options that are not read, and things done again and again."""
    yield from _operations(run)
    yield from _discarded(run)
    yield from _repeated_hooks(run)
    yield from _shared_slots(run)
    yield from _absolute_rates(run)
    for optimizer in run.record.optimizers.values():
        yield from _unknown_options(optimizer)
        yield from _set_aside(optimizer)


def _operations(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("wrapped-bytes"):
        yield report(
            "SB436", f"uint8 arithmetic wraps around: a subtraction of bytes (unsigned) gave larger values than it "
            f"started from in {note.first['share']:.0%} of the numbers (underflow, modulo 256)", note.site,
            "Convert to float before the subtraction: x.float() - mean.", **note.first,
        )  # fmt: skip
    for note in run.record.noted("attention-dropout"):
        yield report(
            "SB316", f"scaled_dot_product_attention drops weights in evaluation: dropout_p={note.first['rate']} while "
            "the model is in eval mode (it knows no mode of its own)", note.site,
            "Write dropout_p=self.p if self.training else 0.0.", **note.first,
        )  # fmt: skip
    moved = {(n.site.file, n.site.line) for n in run.record.noted("ratio") if n.site is not None}
    for note in run.record.noted("ratio-one"):
        place = (note.site.file, note.site.line) if note.site is not None else ("", 0)
        if place not in moved and len(note.steps) >= 3:
            yield report(
                "SB836", f"the probability ratio is exactly 1 in all {note.count} passes looked at, over "
                f"{len(note.steps)} steps: old and new log-probability come from the same policy", note.site,
                "Keep the log-probabilities of the rollout, without gradient, and compare with those.",
            )  # fmt: skip


def _discarded(run: Run) -> Iterator[Finding]:
    for optimizer in run.stepped:
        times = sum(optimizer.discarded.values())
        if optimizer.judged >= 3 and times >= 2 * optimizer.judged:
            yield report(
                "SB110", f"zero_grad() runs in every micro-batch of the accumulation: {times} gradients were erased "
                f"before any of the {optimizer.judged} steps that were looked at used them: only the last one counts",
                optimizer.discarded.most_common(1)[0][0], "Call zero_grad() once, right after step().", erased=times,
            )  # fmt: skip


def _modules(run: Run) -> Iterator[tuple[str, nn.Module]]:
    seen: set[int] = set()
    for root in run.record.roots.values():
        for name, module in root.module.named_modules():
            if id(module) not in seen:
                seen.add(id(module))
                yield name or root.name, module


def _repeated_hooks(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("hook-again"):
        seen = note.last
        yield report(
            "SB531", f"a forward hook is registered again and again and never removed in between: {seen['name']} hung "
            f"{seen['times']} times on one {seen['kind']}, so each call ran it as often", note.site,
            "Register it once before the loop, or call handle.remove() each time.", times=seen["times"],
        )  # fmt: skip


def _shared_slots(run: Run) -> Iterator[Finding]:
    for name, module in _modules(run):
        if not isinstance(module, nn.ModuleList | nn.Sequential):
            continue
        held = Counter(id(child) for child in module._modules.values() if child is not None)
        same = [c for c in module.children() if held[id(c)] >= 2 and next(c.parameters(), None) is not None]
        if same and len(held) < len(module) and _neighbours(module, same[0]):
            yield report(
                "SB502", f"one layer fills {held[id(same[0])]} places of {name}: {type(same[0]).__name__} is repeated, "
                "not copied, so all places share the same weights", run.made_at(same[0]) or run.made_at(module),
                "Build each layer anew: [make() for _ in range(n)].", where=name, times=held[id(same[0])],
            )  # fmt: skip
            return


def _neighbours(module: nn.Module, child: nn.Module) -> bool:
    places = [i for i, other in enumerate(module._modules.values()) if other is child]
    return all(b - a <= 2 for a, b in pairwise(places))


def _unknown_options(optimizer: OptimizerFact) -> Iterator[Finding]:
    known, given = optimizer.options
    for key in sorted(given - known - OWN_KEYS):
        meant = SYNONYMS.get(key.lower())
        close = [meant] if meant in known else get_close_matches(key, known, 1, 0.7)
        if close:
            yield report(
                "SB166", f"a parameter group has the option {key!r}, which {optimizer.kind} ignores; it knows "
                f"{close[0]!r}", optimizer.site, f"Write {close[0]!r}.", option=key,
            )  # fmt: skip


def _absolute_rates(run: Run) -> Iterator[Finding]:
    for fact in run.record.schedulers.values():
        if fact.kind != "LambdaLR" or not fact.settings["bases"] or fact.calls < 3:
            continue
        base, top = fact.settings["bases"][0], max(fact.rates, default=0.0)
        rising = fact.rates[-1] >= top and fact.rates.count(top) < 3  # a warm-up may still be on its way
        if not rising and 0 < base < 0.5 and abs(top - base * base) < 0.01 * base * base:
            yield report(
                "SB139", f"LambdaLR's function returns a rate, but it must return a factor: with lr={number(base)} the "
                f"rate never rises above {number(top)}, which is lr * lr (absolute instead of relative)", fact.site,
                "Divide what the function returns by the base rate: its peak must be 1.0.", top=top, lr=base,
            )  # fmt: skip


def _set_aside(optimizer: OptimizerFact) -> Iterator[Finding]:
    if optimizer.aside:
        name, made = optimizer.aside, optimizer.site
        line = assigned_at(made.file, name) if made is not None else 0
        rate = optimizer.rates[-1] if optimizer.rates else 0.0
        yield report(
            "SB141", f"optimizer.{name} is assigned, but {optimizer.kind} never reads this attribute: its rate stays "
            f"at {number(rate)} (param_groups holds it)", Site(made.file, line) if made is not None and line else made,
            f"Write for group in optimizer.param_groups: group['{name}'] = ...", option=name,
        )  # fmt: skip
