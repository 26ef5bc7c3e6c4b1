"""Rules on what is evaluated, chosen, averaged and saved, and in which precision."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.facts import Facts, report
from seedbed.doctor.jobs.schedules import num_evaluations, points_up
from seedbed.optim.ema import EMA

LEFT = 0.05  # share of the initial weights in the final average from which on it is worth a word


def best(facts: Facts) -> Iterator[Finding]:
    """The best weights are chosen in the wrong direction, or by the training loss."""
    monitor = facts.training.monitor
    if monitor is None:
        return
    if points_up(monitor.key) is not None and points_up(monitor.key) != monitor.maximise:
        right = "max" if points_up(monitor.key) else "min"
        yield report(
            "SB310", "trainer.monitor", f"the best weights are those with the {str(monitor)[:3]}imum of {monitor.key}",
            why="the worst checkpoint is kept as the best", fix=f'Write "{right} {monitor.key}"',
            severity=Severity.WARNING, monitor=str(monitor),
        )  # fmt: skip
    if facts.training.data.val is None:
        stops = facts.config.trainer.early_stop is not None
        yield report(
            "SB815", "data.args.val",
            f"there is no validation data: the {'early stop' if stops else 'best checkpoint'} goes by the training "
            f"{monitor.key}",
            why="the training loss falls while the model learns its samples by heart, so it cannot tell when to stop",
            fix="Set data.args.val to 0.1, or trainer.monitor to off",
            severity=Severity.WARNING if stops else Severity.HINT, monitor=str(monitor),
        )  # fmt: skip


def evaluation(facts: Facts) -> Iterator[Finding]:
    """The validation data is looked at once, at the end."""
    settings, total = facts.config.evaluate, facts.total_steps
    if facts.training.data.val is None or facts.training.monitor is None or total is None:
        return
    asked = settings.every_steps or (settings.every_epochs and settings.every_epochs > 1)
    never = settings.every_steps is None and settings.every_epochs is None
    if (asked or never) and num_evaluations(facts) == 1 and (facts.epochs or 0) > 2:
        every = f"{settings.every_epochs} epochs" if settings.every_epochs else f"{settings.every_steps} updates"
        yield report(
            "SB816", "evaluate",
            f"evaluation is {'off' if never else 'due every ' + every}; with {total} updates it happens once",
            why="there is nothing to choose the best weights from, and no early stop",
            fix="Set evaluate.every_epochs to 1", total_steps=total,
        )  # fmt: skip


def saving(facts: Facts) -> Iterator[Finding]:
    """Nothing is saved before the end."""
    settings, total = facts.config.checkpoint, facts.total_steps
    if total is None or facts.training.monitor is not None:
        return  # with a monitor every improvement is saved
    by_step = settings.every_steps is not None and settings.every_steps <= total
    by_epoch = settings.every_epochs is not None and settings.every_epochs <= (facts.epochs or 0)
    if not by_step and not by_epoch and (facts.epochs or 0) > 2:
        yield report(
            "SB817", "checkpoint", f"no checkpoint is due in the {total} updates of this run",
            why="a crash loses everything", fix="Set checkpoint.every_epochs to 1", total_steps=total,
        )  # fmt: skip


def average(facts: Facts) -> Iterator[Finding]:
    """The average is so slow that it still holds the initial weights at the end, or nobody looks at it."""
    section, total = facts.config.ema, facts.total_steps
    if section is None or total is None:
        return
    if facts.config.evaluate.weights == "raw":
        yield report(
            "SB605", "evaluate.weights", "the moving average is made, but the raw weights are evaluated",
            why="the average is never used to choose the best weights", fix='Set evaluate.weights to "auto"',
            severity=Severity.HINT,
        )  # fmt: skip
        return
    left = share_left(section.decay, section.power, total - section.start_step)
    if section.start_step >= total:
        yield report(
            "SB810", "ema.start_step", f"the average begins at update {section.start_step}, but the run has {total}",
            why="it is a copy of the last weights", fix=f"Set ema.start_step below {total}", total_steps=total,
        )  # fmt: skip
    elif left > LEFT and facts.config.init.checkpoint is None:
        yield report(
            "SB810", "ema.decay",
            f"after the {total} updates of this run the average still holds {left:.0%} of the initial weights",
            why="the averaged weights are those that are evaluated, and they lag far behind",
            fix=f"Set ema.decay to {suited_decay(total)}, or ema.power to 0.75", decay=section.decay, left=left,
        )  # fmt: skip


def share_left(decay: float, power: float | None, updates: int) -> float:
    """Share of the first weights in the average after ``updates`` updates: the product of all decays."""
    if power is None:
        return float(decay ** max(updates, 0))
    left = 1.0
    for update in range(max(updates, 0)):
        warm = EMA.decay_at(_Course(decay, power), update)  # type: ignore[arg-type]
        left *= warm
        if left < LEFT / 10:
            break
        if warm >= decay:
            return float(left * decay ** (updates - update - 1))
    return left


class _Course:
    """The two numbers that ``EMA.decay_at`` looks at."""

    def __init__(self, decay: float, power: float) -> None:
        self.decay, self.power = decay, power


def suited_decay(total: int) -> float:
    """A decay whose memory is a twentieth of the run."""
    return round(1 - min(20 / max(total, 40), 0.5), 5)


def precision(facts: Facts) -> Iterator[Finding]:
    """float16 without hardware for it; bfloat16 for a model that gains nothing."""
    trainer, state = facts.config.trainer, facts.training.job.state
    if trainer.precision == "fp16" and state.device.type == "cpu":
        yield report(
            "SB808", "trainer.precision", "fp16 on a CPU",
            why="processors compute in float32 and convert at every step, and small gradients become zero",
            fix='Set trainer.precision to "fp32", or to "bf16"',
        )  # fmt: skip
    if not trainer.deterministic:
        yield report(
            "SB704", "trainer.deterministic", "operations may be non-deterministic",
            why="the same run gives other weights each time", fix="Set trainer.deterministic to true",
        )  # fmt: skip


RULES = (best, evaluation, saving, average, precision)
