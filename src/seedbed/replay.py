"""Verdicts about runs: done again, is it the same? And where do two runs part?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seedbed.build import Training, build
from seedbed.checkpoint.store import find_step, list_checkpoints, parse_name, read_manifest
from seedbed.checkpoint.store import load as load_checkpoint
from seedbed.config.load import LoadedConfig
from seedbed.errors import CheckpointError, ConfigError, DataError, SeedbedError
from seedbed.extending import history_of
from seedbed.locate import differences
from seedbed.parts import load
from seedbed.provenance import fingerprint_differences
from seedbed.result import Options
from seedbed.run import execute, project_of
from seedbed.rundir import RunDir, encode, find_run_dir, read_events
from seedbed.tracking.trace_file import TraceReader
from seedbed.tracking.trace_file import first_difference as first_trace_difference
from seedbed.watching import Digests, first_difference, watched_steps

Replayed = dict[int, tuple[int, Digests]]  # update → bits of its loss, and what was in it


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.

    ``verdict`` is EXACT, DIVERGED or NOT COMPARABLE. ``step`` is the first update that differs, ``what`` the first
    thing in it that differs, in the order of cause ("sample ids", "gradient fc1.weight", …), ``causes`` the differences
    that were found before looking at numbers: config, code, data, fingerprint.
    """

    verdict: str
    summary: str
    compared_steps: int = 0
    step: int | None = None
    what: str | None = None
    causes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return asdict(self)

    @property
    def exit_code(self) -> int:
        """0 exact, 1 diverged, 2 not comparable."""
        return {"EXACT": 0, "DIVERGED": 1}.get(self.verdict, 2)


def reproduce(path: Path, *, steps: int | None = None, allow: Sequence[str] = ()) -> Verdict:
    """Train a run again from its own config and compare every update's digest.

    Args:
        path: A run folder, or a folder of runs (then the newest).
        steps: Compare only the first so many updates.
        allow: More prefixes that dotted paths may have.

    Raises:
        DataError: The run has no digest chain.
    """
    run = find_run_dir(path)
    recorded = TraceReader(run.path)
    if not len(recorded.steps):
        return Verdict("NOT COMPARABLE", f"{run.path} has made no update that could be compared")
    loaded = load_of(run, allow)
    history = history_of(run)
    made = min(len(recorded.steps), int(history[0]["step"])) if history else len(recorded.steps)
    note = f"; the rest was made after the run was extended at step {made}" if made < len(recorded.steps) else ""
    wanted = made if steps is None else min(steps, made)
    with tempfile.TemporaryDirectory(prefix="seedbed-reproduce-") as folder, build(loaded, allow=allow) as training:
        causes = incomparable(run, training)
        if causes:
            return Verdict(
                "NOT COMPARABLE", f"this machine, code or data are not the run's: {'; '.join(causes)}", causes=causes
            )
        again = RunDir(Path(folder) / "run")
        again.path.mkdir()
        options = Options(out=again.path, console="silent", stop_after=wanted, probe=False)
        failure = None
        try:
            execute(training, again, options)
        except SeedbedError as error:
            failure = str(error)
        repeated = TraceReader(again.path)
    index = first_trace_difference(recorded, repeated)
    compared = min(len(recorded.steps), len(repeated.steps))
    if index is None and compared >= wanted:
        return Verdict("EXACT", f"EXACT: {compared} updates, every digest equal{note}", compared_steps=compared)
    if index is None:
        return Verdict("DIVERGED", f"the repetition ended after {compared} updates: {failure}", compared, compared + 1)
    step = int(recorded.steps["step"][index])
    what = describe_trace_difference(recorded, repeated, index)
    return Verdict("DIVERGED", f"DIVERGED at step {step} in {what}", compared, step, what)


def describe_trace_difference(a: TraceReader, b: TraceReader, index: int) -> str:
    """What the chain itself says about the first update that differs."""
    if a.steps["ids"][index] != b.steps["ids"][index]:
        return "sample ids"
    step = int(a.steps["step"][index])
    if a.steps["loss"][index] == b.steps["loss"][index]:
        left, right = a.leaves_at(step), b.leaves_at(step)
        if left and right:
            names = [name for name in left if left[name] != right.get(name)]
            return f"weights {names[0]}" if names else "weights"
    return "loss"


def incomparable(run: RunDir, training: Training) -> list[str]:
    """Why a run cannot be compared with a training here: fingerprint, code, data."""
    manifest = run.read_manifest()
    new = encode(training.manifest([]))
    found = [f"fingerprint: {text}" for text in fingerprint_differences(manifest["fingerprint"], new["fingerprint"])]
    found += [f"code: {text}" for text in differences(manifest.get("code") or {}, new.get("code") or {})]
    if manifest["data"]["train_digest"] != new["data"]["train_digest"]:
        found.append("data: the training data have another digest")
    return found


def load_of(run: RunDir, allow: Sequence[str] = ()) -> LoadedConfig:
    """The config that a run began with, ready to build.

    Raises:
        ConfigError: The run was made from Python objects.
    """
    history = history_of(run)
    config = history[0]["config"] if history else run.read_config()
    if str(config.get("model", {}).get("type", "")).startswith("python:"):
        raise ConfigError(
            f"{run.path} was trained from Python objects ({config['model']['type']}), which a config cannot name; run "
            "your script again and use `seedbed diff` on the two runs"
        )
    return load(config, allow=allow, project=project_of(run))


def diff(path_a: Path, path_b: Path, *, allow: Sequence[str] = ()) -> Verdict:
    """Find where two runs part and the first cause, in the order: config and code, fingerprint, data, sample ids, input
    bytes, random state, activation, gradient, optimizer.

    The chain of digests tells the update; both sides are then replayed from their last checkpoint before it to tell
    what in it differs first.
    """
    a, b = find_run_dir(path_a), find_run_dir(path_b)
    causes = manifest_differences(a, b)
    left, right = TraceReader(a.path), TraceReader(b.path)
    compared = min(len(left.steps), len(right.steps))
    index = first_trace_difference(left, right)
    if index is None:
        if len(left.steps) != len(right.steps):
            shorter = a.path if len(left.steps) < len(right.steps) else b.path
            text = f"equal for {compared} updates, where {shorter} ends"
            return Verdict("DIVERGED", text, compared, compared + 1, "number of updates", causes)
        return Verdict("EXACT", f"EXACT: {compared} updates, every digest equal", compared, causes=causes)
    step = int(left.steps["step"][index])
    what: str | None = describe_trace_difference(left, right, index)
    note = ""
    if what != "sample ids":
        try:
            replayed, unstable = compare_replays(a, b, step, allow)
        except (SeedbedError, OSError) as error:
            note = f" (could not be replayed to look closer: {error})"
        else:
            if unstable is not None:
                step, what = unstable[1:]
                note = f"; {unstable[0].path}, replayed twice, gives other bits there: a non-deterministic operation"
            elif replayed is None:
                note = (
                    "; replayed now, both sides are equal, so the difference came from a non-deterministic operation "
                    "or from something that is not recorded"
                )
            else:
                step, what = replayed
    first = f"; first cause: {causes[0]}" if causes else ""
    return Verdict("DIVERGED", f"DIVERGED at step {step} in {what}{first}{note}", compared, step, what, causes)


def manifest_differences(a: RunDir, b: RunDir) -> list[str]:
    """What differs before any number is looked at, in the order of cause."""
    found = [f"config: {text}" for text in differences(a.read_config(), b.read_config())]
    left, right = a.read_manifest(), b.read_manifest()
    found += [f"code: {text}" for text in differences(left.get("code") or {}, right.get("code") or {})]
    found += [f"fingerprint: {text}" for text in fingerprint_differences(left["fingerprint"], right["fingerprint"])]
    if left["data"]["train_digest"] != right["data"]["train_digest"]:
        found.append("data: the training data have another digest")
    return found


def compare_replays(
    a: RunDir, b: RunDir, step: int, allow: Sequence[str]
) -> tuple[tuple[int, str] | None, tuple[RunDir, int, str] | None]:
    """Replay both runs up to ``step`` from a common point.

    Returns:
        The first update and entry that differ; and the run, update and entry that differ from one replay to the next.
    """
    start = max((s for s in common_checkpoints(a, b) if s < step), default=0)
    sides = []
    for run in (a, b):
        replayed = replay(run, start, step, allow)
        recorded = TraceReader(run.path).steps
        losses = dict(zip(recorded["step"].tolist(), recorded["loss"].tolist(), strict=True))
        if any(losses.get(number) != loss for number, (loss, _) in replayed.items()):
            unstable = first_of(replayed, replay(run, start, step, allow))
            if unstable is not None:
                return None, (run, *unstable)
        sides.append(replayed)
    return first_of(*sides), None


def first_of(left: Replayed, right: Replayed) -> tuple[int, str] | None:
    """The first update and entry that differ between two replays."""
    for number in sorted(left.keys() | right.keys()):
        name = first_difference(left.get(number, (0, {}))[1], right.get(number, (0, {}))[1])
        if name is not None:
            return number, name
    return None


def common_checkpoints(a: RunDir, b: RunDir) -> list[int]:
    """The steps of which both runs have a checkpoint with the same tensors."""
    found = []
    for step in checkpoint_steps(a) & checkpoint_steps(b):
        paths = [find_step(run.checkpoints, step) for run in (a, b)]
        tensors = [None if path is None else read_manifest(path)["tensors"] for path in paths]
        if tensors[0] == tensors[1]:
            found.append(step)
    return found


def checkpoint_steps(run: RunDir) -> set[int]:
    """The steps that a run has checkpoints of."""
    return {key[0] for path in list_checkpoints(run.checkpoints) if (key := parse_name(path.name))}


def replay(run: RunDir, start: int, stop: int, allow: Sequence[str]) -> Replayed:
    """The bits of the loss and the digests of the updates after ``start`` up to ``stop``, made again."""
    loaded = load_of(run, allow)
    found: Replayed = {}
    with build(loaded, allow=allow) as training:
        job = training.job
        if start:
            restore(run, training, start)
        else:
            training.data.fit()
        for record, digests in watched_steps(job):
            found[record.step] = (int(np.float32(record.loss.item()).view(np.uint32)), digests)
            if record.step >= stop:
                break
            if record.ends_epoch:
                training.set_epoch(record.epoch + 1)
                observe_logged(run, training, record.step)
    return found


def restore(run: RunDir, training: Training, step: int) -> None:
    """Put the checkpoint of ``step`` into a training.

    Raises:
        CheckpointError: It is gone or damaged.
    """
    for path in reversed(list_checkpoints(run.checkpoints)):
        if (parse_name(path.name) or (0, 0))[0] == step:
            training.job.state.load_state_dict(load_checkpoint(path)[0])
            training.set_epoch(training.job.state.cursor.epoch)
            return
    raise CheckpointError(f"{run.path} has no checkpoint of step {step}")


def observe_logged(run: RunDir, training: Training, step: int) -> None:
    """Give schedules that observe a metric what the run logged then: decisions are taken as logged."""
    for event in read_events(run.events):
        if event.get("event") == "epoch" and event.get("step") == step:
            metrics = {name: float(value) for name, value in event["metrics"].items() if isinstance(value, int | float)}
            for schedule in training.job.state.schedules.values():
                schedule.observe(int(event["epoch"]), {"loss": float(event["loss"]), **metrics})
            return
    if any(hasattr(schedule, "metric") for schedule in training.job.state.schedules.values()):
        raise DataError(f"{run.events} does not say how the epoch that ended at step {step} went")
