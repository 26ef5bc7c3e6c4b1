"""A run in progress: what happens between two updates. Logged, evaluated, saved; and taken up again after a stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from seedbed.batch import Batch
from seedbed.build import Training
from seedbed.checkpoint.saver import Saver
from seedbed.checkpoint.store import load_newest
from seedbed.data.fetch import WorkerDiedError
from seedbed.doctor.finding import Finding
from seedbed.doctor.monitors.course import watch
from seedbed.errors import SeedbedError, TrainingError
from seedbed.evaluate import chosen_weights, evaluate
from seedbed.extending import amend, history_of
from seedbed.failure import explain_failure
from seedbed.loop import NonFiniteError
from seedbed.nonfinite import describe_non_finite
from seedbed.optim.statistics import UpdateStatistics
from seedbed.result import Options
from seedbed.rundir import EventLog, RunDir
from seedbed.state import StepRecord
from seedbed.stopping import Stopper, StopRequested
from seedbed.tracking.choose import media_settings, open_trackers
from seedbed.tracking.console import choose_console
from seedbed.tracking.samples import write_epoch, write_media
from seedbed.tracking.trace import Trace
from seedbed.tracking.tracker import Trackers

MOST_REWINDS = 10
MOST_NOTED = 64  # updates that may wait to be judged
PATIENCE = 1.0  # seconds that a checkpoint may wait to be made durable against a loss of power


class Session:
    """Everything around the updates of one run. Use as a context manager: it closes what it opened, and an exception
    from a model or from data becomes one sentence.
    """

    def __init__(self, training: Training, run: RunDir, options: Options, stopper: Stopper) -> None:
        self.training = training
        self.run = run
        self.options = options
        self.stopper = stopper
        self.config = training.config
        self.state = training.job.state
        self.log = EventLog(run.events)
        self.console = choose_console(options.console)
        self.trackers = Trackers(
            [self.console, *open_trackers(self.config.tracking, run, training.resolved, self.config.name)], say=self.say
        )
        self.saver = Saver(
            run.checkpoints,
            keep_last=self.config.checkpoint.keep_last,
            keep_every_epochs=self.config.checkpoint.keep_every_epochs,
            say=self.say,
            patience=PATIENCE,
        )
        self.trace = Trace(run.path, self.state.model.state_dict())
        self.noted: list[StepRecord] = []  # updates that were not judged yet
        self.last_rate = self.state.learning_rate
        tracking = self.config.tracking
        self.settings = media_settings(tracking) if tracking.tensorboard or tracking.wandb else None
        self.samples: Batch | None = None
        self.statistics = [UpdateStatistics(o) for o in self.state.optimizers.values() if tracking.gradients]
        self.course = watch(training)
        self.evaluator: Callable[..., dict[str, Any]] = evaluate
        self.started = time.perf_counter()
        self.epoch_started = self.started
        self.epoch_samples = self.state.samples

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.state.device.type == "cpu":  # an accelerator may be what failed
            self.judge()
        known = self.explain(error) if isinstance(error, Exception) and not isinstance(error, SeedbedError) else None
        self.settle()
        self.trackers.close()
        self.trace.close()
        self.log.close()
        if known is not None:
            raise known from error

    def write(self, event: Mapping[str, Any]) -> None:
        """Log an event: on disk first, then to whoever watches. The log doesn't say where the folder was."""
        event = {"step": self.state.step, "epoch": self.state.cursor.epoch, **event}
        self.log.append({**event, "run": self.run.path.name} if "run" in event else event)
        if event["event"] != "step":  # whoever looks at the folder sees these at once
            with suppress(OSError):
                self.log.flush()
        self.trackers.write(event)

    def say(self, text: str) -> None:
        """Tell the person who watches, and the log."""
        self.write({"event": "note", "text": text})

    def tell(self, findings: Sequence[Finding], of: Mapping[str, int] | None = None) -> None:
        """Log what the monitors found, unless the config allows it; ``of`` is its update, if not the last one."""
        for finding in findings:
            if finding.code not in self.config.allow:
                self.write({"event": "finding", **(of or {}), **finding.to_json()})

    # ---- before the first update -------------------------------------------------------------------------------

    def restore(self, saved: dict[str, Any]) -> None:
        """Put a saved state back and drop what was logged after it."""
        history = history_of(self.run)
        missing = history[int(saved["memory"].get("extensions", 0)) :]
        changes = [text for extension in missing for text in extension["changes"]]
        self.state.load_state_dict(amend(saved, self.state, changes))
        self.training.set_epoch(self.state.cursor.epoch)
        self.log.rewind(int(self.state.memory["events"]))
        self.trace.start(self.state.memory["trace"])
        self.course.load(self.state.memory.get("monitors"))
        self.noted.clear()
        self.saver.saved_step = self.state.step
        if missing:
            self.state.memory["extensions"] = len(history)
            for schedule in self.state.schedules.values():
                schedule.apply(self.state.step)
            self.write({"event": "extend", "changes": changes})
        self.prepare_statistics()
        self.epoch_started, self.epoch_samples = time.perf_counter(), self.state.samples

    def catch_up(self) -> str | None:
        """Do what was due when the run was stopped: an evaluation that was left, an early stop that was decided."""
        pending = self.state.memory.get("boundary")
        if pending is not None:
            self.last_rate = float(pending["lr"])
            return self.boundary(pending["epoch"], pending["ends_epoch"])
        monitor = self.training.monitor
        if monitor is not None and monitor.should_stop(self.state.progress):
            return "early_stopped"
        return None

    # ---- between two updates -----------------------------------------------------------------------------------

    def note(self, record: StepRecord) -> None:
        """Take an update in: log it, if it is time to, and judge it, with others, before anything else is written."""
        self.trackers.tick(record, self.training.job.total_steps)
        self.trace.add(record)
        self.noted.append(record)
        self.last_rate = record.learning_rate
        logged = record.step % self.config.tracking.log_every == 0
        if logged or record.note is not None or len(self.noted) >= MOST_NOTED:
            self.judge()
        if record.note is not None:
            self.say(record.note)
        if logged or record.step == 1:
            for statistics in self.statistics if logged else ():
                record.scalars |= statistics.after()
            self.write(step_event(record, self.rate()))
            if record.media:
                write_media(self.trackers, record.media, record.step)
            if logged:
                self.tell(self.course.logged(record))
        self.prepare_statistics()
        if self.saver.at_risk and self.saver.due():
            self.settle()

    def prepare_statistics(self) -> None:
        """Keep the weights if the next update is one whose size is logged."""
        if self.statistics and (self.state.step + 1) % self.config.tracking.log_every == 0:
            for statistics in self.statistics:
                statistics.before()

    def judge(self) -> None:
        """Look at the updates since the last time, together, which is cheaper; what is found is told by its update.

        Raises:
            NonFiniteError: A loss that was still on the device is not finite.
        """
        self.trace.settle()
        records, self.noted = self.noted, []
        for record in records:
            loss = math.nan if record.value is None else record.value
            if not record.skipped and not math.isfinite(loss) and record.loss.device.type != "cpu":
                raise NonFiniteError(record.step, loss, [i for ids in record.indices for i in ids])
            if found := self.course.step(record, loss):
                self.tell(found, {"step": record.step, "epoch": record.epoch + record.ends_epoch})

    def rate(self) -> float:
        """Training samples per second in this epoch, evaluation not counted."""
        seconds = time.perf_counter() - self.epoch_started
        return (self.state.samples - self.epoch_samples) / seconds if seconds > 0 else 0.0

    def is_boundary(self, record: StepRecord) -> bool:
        """Whether anything besides logging may be due after this update."""
        evaluate_every, save_every = self.config.evaluate.every_steps, self.config.checkpoint.every_steps
        return (
            record.ends_epoch
            or record.step == self.training.job.total_steps
            or (evaluate_every is not None and record.step % evaluate_every == 0)
            or (save_every is not None and record.step % save_every == 0)
        )

    def boundary(self, epoch: int, ends_epoch: bool) -> str | None:
        """Evaluate, tell and save what is due; returns why the training ends here, if it does.

        Until everything is done the state says that this is pending, so that a stop in the middle of an evaluation
        loses nothing: the resumed run begins with it.
        """
        self.judge()
        self.state.memory["boundary"] = {"epoch": epoch, "ends_epoch": ends_epoch, "lr": self.last_rate}
        rate, seconds = self.rate(), time.perf_counter() - self.epoch_started
        improved = False
        metrics: dict[str, Any] = {}
        try:
            if self.evaluation_due(epoch, ends_epoch):
                metrics = self.evaluate()
        except StopRequested:
            return self.interrupt()
        except WorkerDiedError:
            if not self.stopper.requested():
                raise
            return self.interrupt()  # whoever stops a group of processes stops the loader's workers too
        monitor, progress = self.training.monitor, self.state.progress
        if monitor is not None and monitor.key in metrics:
            improved = monitor.observe(progress, metrics, self.state.step, epoch + 1)
        if metrics:
            progress.last_metrics = scalars_of(metrics)
        if ends_epoch:
            for schedule in self.state.schedules.values():
                schedule.observe(epoch + 1, {"loss": self.state.epoch_loss.mean(), **scalars_of(metrics)})
            self.write(self.epoch_event(epoch, rate, seconds, improved))
            self.tell(self.course.epoch(self.state.epoch_loss.mean(), scalars_of(metrics), rate, seconds))
            if self.settings is not None:
                info = self.training.data.info
                write_epoch(self.trackers, self.settings, self.state, self.samples, epoch + 1, info)
            self.training.set_epoch(epoch + 1)
            if (remark := self.training.data.remark()) is not None:
                self.say(remark)
        del self.state.memory["boundary"]
        if improved or self.saving_due(epoch, ends_epoch):
            self.save("best" if improved else "due", epoch, ends_epoch)
        self.epoch_started, self.epoch_samples = time.perf_counter(), self.state.samples
        if monitor is not None and monitor.should_stop(progress):
            return "early_stopped"
        return self.interrupt() if self.stopper.requested() and not self.training.job.finished() else None

    def evaluation_due(self, epoch: int, ends_epoch: bool) -> bool:
        """Whether to evaluate now: by epochs, by updates, or because this is the end."""
        settings = self.config.evaluate
        by_epoch = settings.every_epochs is not None and ends_epoch and (epoch + 1) % settings.every_epochs == 0
        by_step = settings.every_steps is not None and self.state.step % settings.every_steps == 0
        return by_epoch or by_step or self.training.job.finished()

    def saving_due(self, epoch: int, ends_epoch: bool) -> bool:
        """Whether to save now, also because an earlier save could not be done."""
        settings = self.config.checkpoint
        by_epoch = settings.every_epochs is not None and ends_epoch and (epoch + 1) % settings.every_epochs == 0
        by_step = settings.every_steps is not None and self.state.step % settings.every_steps == 0
        return by_epoch or by_step or self.saver.failed

    def evaluate(self) -> dict[str, Any]:
        """Train averages so far, and one pass over the validation data; logged."""
        metrics: dict[str, Any] = {"loss": self.state.epoch_loss.mean()}
        metrics |= {name: metric.compute() for name, metric in self.state.epoch_metrics.items()}
        validation = self.training.validation
        if validation is not None:
            model, weights = chosen_weights(self.state, self.config.evaluate.weights)
            found = self.evaluator(
                model,
                self.state.objective,
                validation,
                autocast=self.state.autocast,
                poll=self.stopper.check,
            )
            self.write({"event": "evaluate", "split": "val", "weights": weights, "metrics": found})
            metrics |= {f"val_{name}": value for name, value in found.items()}
        return metrics

    def epoch_event(self, epoch: int, rate: float, seconds: float, improved: bool) -> dict[str, Any]:
        """The line of an epoch."""
        return {
            "event": "epoch",
            "epoch": epoch + 1,
            "loss": self.state.epoch_loss.mean(),
            "lr": self.last_rate,
            "metrics": {key: value for key, value in self.state.progress.last_metrics.items() if key != "loss"},
            "best": improved,
            "samples_per_second": rate,
            "seconds": seconds,
        }

    def save(self, reason: str, epoch: int, ends_epoch: bool) -> None:
        """Save everything; the log knows of it first, so that the saved position includes the line."""
        self.judge()
        self.write({"event": "save", "reason": reason})
        durable = reason in {"stop", "end"} or self.saver.due()
        try:
            self.state.memory["events"] = self.log.sync() if durable else self.log.flush()
            self.state.memory["trace"] = self.trace.state
            self.state.memory["monitors"] = self.course.saved()
            self.trace.file.sync() if durable else self.trace.file.flush()
        except OSError as error:
            self.saver.refuse(self.state.step, error)
            return
        info = {
            "epoch": epoch + 1,
            "ends_epoch": ends_epoch,
            "reason": reason,
            "loss": self.state.epoch_loss.mean(),
            "metrics": self.state.progress.last_metrics,
            "best_step": self.state.progress.best_step,
        }
        best_step = self.state.progress.best_step or None
        self.saver.save(self.state.state_dict(), info, best_step, durable=durable)

    def settle(self) -> None:
        """Make durable what was saved, and the log that belongs to it."""
        if not self.saver.at_risk:
            return
        try:
            self.log.sync()
            self.trace.file.sync()
        except OSError as error:
            self.saver.refuse(self.state.step, error, "made durable")
            return
        self.saver.settle()

    def interrupt(self) -> str:
        """Save because of a request to stop, and say how to go on."""
        self.judge()
        self.write({"event": "signal", "reason": self.stopper.reason})
        if self.saver.saved_step != self.state.step or "boundary" in self.state.memory:
            self.save("stop", self.state.cursor.epoch, False)
        return "interrupted"

    def explain(self, error: Exception) -> TrainingError:
        """One sentence about an exception from the model or the data, also in the log; the traceback in a file."""
        state = self.state
        known = explain_failure(error, state.step + 1, self.run.path / "error.log")
        self.write({"event": "failed", "text": str(known)})
        return known

    def rewind(self, error: NonFiniteError) -> None:
        """Go back to the last checkpoint and skip the update that was not finite; or end the training.

        Raises:
            TrainingError: The policy is to stop, there is nothing to go back to, or it happened too often.
        """
        if self.state.device.type == "cpu":
            self.judge()
        where = describe_non_finite(self.state, error.batches)
        self.write({"event": "non_finite", "step": error.step, "loss": error.loss, "where": where})
        found = None
        if self.config.trainer.non_finite == "rewind" and len(self.state.skip_steps) < MOST_REWINDS:
            found = load_newest(self.run.checkpoints)
        if found is None:
            raise TrainingError(
                f"step {error.step}: the loss is {error.loss}; samples {shorten(error.indices)}; {where}. The weights "
                "are those before this update. Look at these samples and lower optimizer.args.lr, set "
                "trainer.clip_norm, or set trainer.non_finite to skip or rewind"
            ) from None
        skip = self.state.skip_steps | {error.step}
        self.restore(found[0])
        self.state.skip_steps = skip
        self.say(f"step {error.step}: the loss is {error.loss}; back to step {self.state.step}, that update is skipped")


def step_event(record: StepRecord, rate: float) -> dict[str, Any]:
    """The log line of one update; this reads its numbers from the device."""
    event: dict[str, Any] = {
        "event": "step",
        "step": record.step,
        "epoch": record.epoch + 1,
        "loss": float(record.loss) if record.value is None else record.value,
        "lr": record.learning_rate,
        "samples_per_second": rate,
    }
    if record.grad_norm is not None:
        event["grad_norm"] = float(record.grad_norm)
    if record.scalars:
        event["scalars"] = {name: float(value) for name, value in record.scalars.items()}
    return event


def scalars_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The metrics that are numbers; tables, such as a confusion matrix, are for reports."""
    return {name: value for name, value in metrics.items() if isinstance(value, float)}


def shorten(indices: Sequence[int], limit: int = 8) -> str:
    """Sample numbers for a message."""
    text = ", ".join(str(index) for index in indices[:limit])
    return text + (f", … ({len(indices)} in all)" if len(indices) > limit else "")
