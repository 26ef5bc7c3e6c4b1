"""Learning-rate schedules: stepped at all, at the right place, over the right horizon?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact, SchedulerFact
from seedbed.doctor.observe.site import Site
from seedbed.doctor.probes.view import Run, number, report


def probe(run: Run) -> Iterator[Finding]:
    """Report schedules that are never stepped, made anew, stepped too often or too rarely, or against their metric."""
    yield from _restarted(run)
    for schedule in run.record.schedulers.values():
        optimizer = run.record.optimizers.get(schedule.optimizer)
        if optimizer is None or (schedule.kind in ("SequentialLR", "ChainedScheduler") and not schedule.calls):
            continue
        if not schedule.calls:
            yield from _unstepped(run, schedule, optimizer)
            continue
        yield from _overwritten(run, schedule, optimizer)
        yield from _too_early(schedule, optimizer)
        yield from _too_often(run, schedule, optimizer)
        yield from _too_rarely(run, schedule, optimizer)
        yield from _plateau(run, schedule)
        yield from _foreign(run, schedule, optimizer)


def _restarted(run: Run) -> Iterator[Finding]:
    """One line builds the schedule of one optimizer again and again: it begins anew each time."""
    groups: dict[tuple[Site | None, int], list[SchedulerFact]] = {}
    for schedule in run.record.schedulers.values():
        groups.setdefault((schedule.site, schedule.optimizer), []).append(schedule)
    for (site, _), group in groups.items():
        lives = [s for s in group[:-1] if s.rates]
        if site is None or len(lives) < 3 or len({s.birth for s in lives}) < len(lives):
            continue
        rising = all(len(s.rates) >= 3 and s.rates[-1] > 1.2 * s.rates[0] for s in lives)
        short = all(_horizon(s) > 2 * s.calls for s in lives)
        if rising or short:
            what = "its warm-up starts again each time" if rising else "it never gets to where it changes the rate"
            yield report(
                "SB143", f"the learning-rate scheduler {group[0].kind} is created again in the loop: {len(group)} "
                f"times on one optimizer, for {lives[0].calls} steps each, so {what} (the rate went from "
                f"{number(lives[0].rates[0])} to {number(lives[0].rates[-1])} in every round)", site,
                "Create the scheduler once, before the loop.", times=len(group),
            )  # fmt: skip
            return


def _overwritten(run: Run, schedule: SchedulerFact, optimizer: OptimizerFact) -> Iterator[Finding]:
    """The schedule sets other rates, and every step is made with the first one all the same."""
    used, planned = optimizer.rates, schedule.rates[:-1]
    before = [step for step in schedule.at_steps[:-1] if step < run.record.steps]
    if len(run.stepped) > 1 or schedule.birth or len(planned) < 3 or len(before) < 3 or len(used) < 10 or not used[0]:
        return
    if min(planned) > 0.7 * used[0] or any(abs(rate - used[0]) > 1e-9 * used[0] for rate in used):
        return
    yield report(
        "SB171", f"the rates of {schedule.kind} are never used: it set the learning rate to {number(min(planned))}, "
        f"and all {len(used)} optimizer steps were made with {number(used[0])}, because something sets lr back before "
        "each of them", _site(schedule), "Leave param_groups[...]['lr'] to the scheduler.",
        steps=len(used), planned=min(planned),
    )  # fmt: skip


def _horizon(schedule: SchedulerFact) -> int:
    """Return after how many steps a schedule first changes its course, 0 when that is not known."""
    marks = schedule.settings.get("milestones") or [
        schedule.settings.get(name, 0) for name in ("T_max", "step_size", "total_steps")
    ]
    return int(min((m for m in marks if m), default=0))


def _unstepped(run: Run, schedule: SchedulerFact, optimizer: OptimizerFact) -> Iterator[Finding]:
    inner = any(s.calls and s.kind in ("SequentialLR", "ChainedScheduler") for s in run.record.schedulers.values())
    if run.record.finished and optimizer.steps >= 5 and not inner:
        yield report(
            "SB115",
            f"the learning-rate scheduler {schedule.kind} is never stepped: scheduler.step() is not called in "
            f"{optimizer.steps} optimizer steps and the rate stays {number(optimizer.rates[-1])}",
            schedule.site, "Call scheduler.step() once per epoch (or per batch, if it counts batches).",
            steps=optimizer.steps,
        )  # fmt: skip


def _too_early(schedule: SchedulerFact, optimizer: OptimizerFact) -> Iterator[Finding]:
    fresh = optimizer.birth == schedule.birth and schedule.at_steps[:1] == [schedule.birth]
    if fresh and optimizer.steps >= 2 and schedule.calls >= 2 and schedule.kind != "ReduceLROnPlateau":
        yield report(
            "SB113",
            "scheduler.step() runs before optimizer.step(): it was called before the first optimizer step, so "
            "the first "
            f"learning rate is skipped ({schedule.kind})",
            next(iter(schedule.sites)), "Call optimizer.step() first, then scheduler.step() at the end of the epoch.",
            calls=schedule.calls,
        )  # fmt: skip


def _site(schedule: SchedulerFact) -> Site | None:
    return schedule.sites.most_common(1)[0][0] if schedule.sites else schedule.site


def _per_step(schedule: SchedulerFact, optimizer: OptimizerFact) -> float:
    made = optimizer.steps - schedule.birth if optimizer.birth >= schedule.birth else optimizer.steps
    return schedule.calls / max(made, 1)


def _too_often(run: Run, schedule: SchedulerFact, optimizer: OptimizerFact) -> Iterator[Finding]:
    if _per_step(schedule, optimizer) < 0.5 or schedule.calls < 8 or not schedule.rates:
        return
    settings, calls = schedule.settings, schedule.calls
    start = float(optimizer.settings.get("rates", [0.0])[0]) or max(schedule.rates)
    horizon = settings.get("T_max") or settings.get("total_iters") or 0
    text = ""
    if schedule.kind == "CosineAnnealingLR" and calls > 1.9 * horizon:
        text = f"T_max={horizon} but step() was called {calls} times, so the rate swings up and down again"
    small = [rate for rate in schedule.rates if rate < 1e-3 * start]
    if schedule.kind in ("StepLR", "MultiStepLR", "ExponentialLR") and len(small) > 0.4 * len(schedule.rates):
        text = (
            f"step() was called {calls} times, once per batch, and the rate fell from {number(start)} to "
            f"{number(schedule.rates[-1])}: training stops early"
        )
    epochs = _epochs(run)
    if not text and schedule.kind in ("StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR") and epochs >= 2:
        marks = settings.get("milestones") or [settings.get("step_size", 0) or horizon]
        last = max(marks) if marks else 0
        if 0 < last <= epochs * 1.5 and calls >= 4 * epochs and calls > 3 * last:
            text = (
                f"its horizon of {last} looks like epochs ({epochs} ran), but step() was called {calls} times, once "
                "per batch"
            )
    if text:
        yield report(
            "SB111", f"{schedule.kind} counts epochs but is stepped in every batch: {text}", _site(schedule),
            "Move scheduler.step() out of the batch loop, to the end of the epoch.",
            calls=calls, steps=optimizer.steps,
        )  # fmt: skip


def _epochs(run: Run) -> int:
    return max((len(f.epochs) for f in run.record.loaders.values() if f.training), default=0)


def _goes_on_elsewhere(run: Run, schedule: SchedulerFact) -> bool:
    """Say whether the line that made a schedule made another one that went further: a job that was broken off."""
    others = [o for o in run.record.schedulers.values() if o is not schedule and o.site == schedule.site]
    return schedule.site is not None and any(o.calls > 2 * schedule.calls for o in others)


def _too_rarely(run: Run, schedule: SchedulerFact, optimizer: OptimizerFact) -> Iterator[Finding]:
    total = schedule.settings.get("total_steps") or schedule.settings.get("T_max") or 0
    if not run.record.finished or not total or schedule.calls >= 0.5 * total:
        return
    if _per_step(schedule, optimizer) < 0.5 and total >= 0.5 * optimizer.steps and optimizer.steps >= 6:
        yield report(
            "SB112",
            f"{schedule.kind} counts {total} batches but is stepped once per epoch: {schedule.calls} calls of "
            f"scheduler.step() for {optimizer.steps} optimizer steps, the learning rate ends at "
            f"{number(schedule.rates[-1])}",
            _site(schedule), "Call scheduler.step() in the batch loop, after optimizer.step().",
            calls=schedule.calls, horizon=total,
        )  # fmt: skip
    elif schedule.calls >= 5 and total >= 3 * schedule.calls and not _goes_on_elsewhere(run, schedule):
        yield report(
            "SB140",
            f"the horizon of {schedule.kind} does not fit: it plans {total} steps, {schedule.calls} ran, and the "
            f"learning rate ends at {number(schedule.rates[-1])}",
            schedule.site, "Give the schedule the number of steps that it is stepped.",
            calls=schedule.calls, horizon=total,
        )  # fmt: skip


def _plateau(run: Run, schedule: SchedulerFact) -> Iterator[Finding]:
    seen = schedule.metrics
    if schedule.kind != "ReduceLROnPlateau" or len(seen) < 3:
        return
    mode = schedule.settings.get("mode", "min")
    rising = seen[-1] > seen[0] and sum(b >= a for a, b in pairwise(seen)) >= 0.6 * (len(seen) - 1)
    falling = seen[-1] < seen[0] and sum(b <= a for a, b in pairwise(seen)) >= 0.6 * (len(seen) - 1)
    share = all(0.0 <= value <= 1.0 for value in seen) or all(0.0 <= v <= 100.0 and v == round(v, 4) for v in seen)
    if (mode == "min" and rising and share and seen[-1] - seen[0] > 0.02) or (mode == "max" and falling):
        yield report(
            "SB114",
            f"ReduceLROnPlateau has mode={mode!r}, but the metric that it gets goes the other way: from "
            f"{number(seen[0])} to {number(seen[-1])}, so it cuts the learning rate while the model improves",
            _site(schedule), f"Build it with mode={'max' if mode == 'min' else 'min'!r}, or pass the loss.",
            first=seen[0], last=seen[-1],
        )  # fmt: skip


def _steps_again(old: OptimizerFact, new: OptimizerFact) -> bool:
    """Say whether an optimizer went on stepping after another one was built on its parameters."""
    return old.last_step > new.birth + 1


def _foreign(run: Run, schedule: SchedulerFact, optimizer: OptimizerFact) -> Iterator[Finding]:
    others = [o for o in run.stepped if o is not optimizer]
    mine = {id(p) for p in optimizer.params}
    heirs = [o for o in others if o.birth > optimizer.birth and any(id(p) in mine for p in o.params)]
    after = [n for n in schedule.at_steps if heirs and n > heirs[0].birth + 1]
    if heirs and len(after) >= 3 and heirs[0].steps >= 5 and not _steps_again(optimizer, heirs[0]):
        yield report(
            "SB168",
            f"the scheduler {schedule.kind} still belongs to the old optimizer: a new {heirs[0].kind} trains the same "
            f"parameters since step {heirs[0].birth}, and {len(after)} calls of the schedule did not reach it",
            schedule.site, "Build the scheduler anew on the new optimizer.", calls=len(after),
        )  # fmt: skip
        return
    if not optimizer.steps and others and schedule.calls >= 2 and any(o.steps >= 5 for o in others):
        yield report(
            "SB115",
            f"the learning-rate scheduler {schedule.kind} belongs to an optimizer that never steps: the one "
            "that trains "
            "keeps its rate, the schedule is not stepped on it",
            schedule.site, "Build the scheduler on the optimizer that steps.",
        )  # fmt: skip
