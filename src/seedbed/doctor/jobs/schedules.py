"""Rules on the learning rate's course: warm-up, horizon, milestones, patience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.facts import Facts, report

REST = 0.1  # share of the run that may pass at a rate of almost zero


def warmup(facts: Facts) -> Iterator[Finding]:
    """The rate is still rising when the run ends."""
    curve, section = facts.curve, facts.config.lr_scheduler
    if section is None or len(curve) < 4 or not ("warmup_steps" in section.args or "warmup_epochs" in section.args):
        return
    total = curve[-1][0] + 1
    peak = max(factor for _, factor in curve)
    reached = next(step for step, factor in curve if factor >= peak)
    if reached >= 0.9 * (total - 1):
        key = "warmup_steps" if section.args.get("warmup_steps") else "warmup_epochs"
        yield report(
            "SB801", f"lr_scheduler.args.{key}",
            f"the warm-up ({key} {section.args[key]:g}) is as long as the run ({total} updates)",
            why=f"the learning rate is still rising at the end and reaches {peak:.0%} of what is set",
            fix=f"Warm up for about {max(total // 20, 1)} updates", warmup=section.args[key], total_steps=total,
        )  # fmt: skip


def horizon(facts: Facts) -> Iterator[Finding]:
    """The schedule is over long before the run, or has barely begun at its end."""
    section, total = facts.config.lr_scheduler, facts.total_steps
    if section is None or not total or total < 4:
        return
    curve = facts.curve
    low = next((step for step, factor in curve if step and is_over(factor, step, curve)), None)
    if curve and low is not None and low < (1 - REST) * total:
        yield report(
            "SB140", "lr_scheduler.args",
            f"the learning rate is almost zero from update {low} on, but the run has {total}",
            why=f"the last {1 - low / total:.0%} of the run change nothing",
            fix="Leave out length (the schedule then lasts as long as the run), or use a slower decay",
            over_at=low, total_steps=total,
        )  # fmt: skip
    length = in_steps(facts, section.args.get("length"))
    if length is not None and length > 1.2 * total and section.type != "linear":
        yield report(
            "SB140", "lr_scheduler.args.length", f"the schedule lasts {length:g} updates, but the run has {total}",
            why="the run ends while the rate is still high", fix="Leave out length: it is then the run's",
            severity=Severity.HINT, length=float(length), total_steps=total,
        )  # fmt: skip


def is_over(factor: float, step: int, curve: list[tuple[int, float]]) -> bool:
    """Whether the rate is almost zero from ``step`` to the end."""
    return factor < 1e-3 and all(later < 1e-3 for at, later in curve if at >= step)


def in_steps(facts: Facts, length: Any) -> float | None:
    """A length in the schedule's unit, in updates."""
    section = facts.config.lr_scheduler
    if not isinstance(length, (int, float)) or section is None:
        return None
    epochs = section.interval == "epoch" or (section.type in STAIRS and section.interval is None)
    return length * (facts.steps_per_epoch or 0) if epochs and facts.steps_per_epoch else float(length)


STAIRS = {"step", "multistep", "exponential", "warm_restarts"}


def milestones(facts: Facts) -> Iterator[Finding]:
    """The epochs or updates at which the rate should change lie behind the end of the run."""
    section, total = facts.config.lr_scheduler, facts.total_steps
    if section is None or not total:
        return
    by_epoch = section.interval != "step"
    if by_epoch and not facts.steps_per_epoch:
        return
    units = total / (facts.steps_per_epoch or 1) if by_epoch else float(total)
    unit = "epochs" if by_epoch else "updates"
    for key in ("milestones", "step_size", "first", "T_max"):
        value = section.args.get(key)
        marks = [m for m in (value if isinstance(value, list) else [value]) if isinstance(m, (int, float))]
        if not marks:
            continue
        beyond = [mark for mark in marks if mark >= units and not (key in {"first", "T_max"} and mark <= 1.2 * units)]
        if beyond:
            every = len(beyond) == len(marks)
            yield report(
                "SB140", f"lr_scheduler.args.{key}",
                f"{key} {', '.join(f'{mark:g}' for mark in beyond)} lies behind the end of the run ({units:g} {unit})",
                why="the rate never changes there" if key in {"milestones", "step_size"} else "the rate ends high",
                fix=f"Give {key} in {unit} of this run, or set lr_scheduler.interval",
                severity=Severity.WARNING if every else Severity.HINT, units=units,
            )  # fmt: skip
        elif key == "T_max" and section.type == "CosineAnnealingLR" and marks[0] < 0.6 * units:
            yield report(
                "SB140", "lr_scheduler.args.T_max", f"T_max is {marks[0]:g}, but the run has {units:g} {unit}",
                why="after T_max the rate rises again to where it began", fix=f"Set T_max to {units:g}",
                T_max=marks[0], units=units,
            )  # fmt: skip


def patience(facts: Facts) -> Iterator[Finding]:
    """Patience that the run is too short for, of an early stop or of a plateau schedule."""
    evaluations = num_evaluations(facts)
    if evaluations is None:
        return
    section = facts.config.lr_scheduler
    waits = [("trainer.early_stop", facts.config.trainer.early_stop, Severity.HINT)]
    if section is not None and section.type in {"plateau", "ReduceLROnPlateau"}:
        waits.append(("lr_scheduler.args.patience", section.args.get("patience", 10), Severity.WARNING))
    for key, value, severity in waits:
        if isinstance(value, int) and value >= evaluations:
            yield report(
                "SB803", key, f"{key.rpartition('.')[2]} is {value}, but the run has {evaluations} evaluations",
                why="it can never take effect", fix=f"Use about {max(evaluations // 4, 1)}, or leave it out",
                severity=severity, patience=value, evaluations=evaluations,
            )  # fmt: skip


def num_evaluations(facts: Facts) -> int | None:
    """How many evaluations the run makes."""
    settings, total = facts.config.evaluate, facts.total_steps
    if total is None:
        return None
    by_step = total // settings.every_steps if settings.every_steps else 0
    by_epoch = 0
    if settings.every_epochs and facts.steps_per_epoch:
        by_epoch = total // (facts.steps_per_epoch * settings.every_epochs)
    return max(by_step, by_epoch, 1)


def unwatched_plateau(facts: Facts) -> Iterator[Finding]:
    """A plateau schedule on a metric whose direction is the other one."""
    section = facts.config.lr_scheduler
    if section is None or section.type not in {"plateau", "ReduceLROnPlateau"}:
        return
    mode, metric = section.args.get("mode", "min"), str(section.args.get("metric") or "val_loss")
    if points_up(metric) is not None and points_up(metric) != (mode == "max"):
        yield report(
            "SB114", "lr_scheduler.args.mode", f"the schedule waits for the {mode}imum of {metric}",
            why="every improvement counts as a plateau, so the rate falls while the model gets better",
            fix=f'Set mode to "{"max" if points_up(metric) else "min"}"', mode=mode, metric=metric,
        )  # fmt: skip


UP = ("accuracy", "f1", "precision", "recall", "auroc", "r2", "top", "exact_match")
DOWN = ("loss", "mae", "rmse", "mse", "error", "perplexity")


def points_up(key: str) -> bool | None:
    """Whether larger is better for a metric; None if the name does not say."""
    name = key.removeprefix("val_").removeprefix("test_").lower()
    if name.startswith(UP):
        return True
    return False if name.startswith(DOWN) or name.endswith("loss") else None


RULES = (warmup, horizon, milestones, patience, unwatched_plateau)
