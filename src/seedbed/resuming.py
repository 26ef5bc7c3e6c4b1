"""Taking up a run that is there: whether it may go on, whether there is anything to do, and under which config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from seedbed.checkpoint.store import Checkpoint, find_step, read_files
from seedbed.errors import CheckpointError, ConfigError, DataError
from seedbed.extending import history_of
from seedbed.locate import differences
from seedbed.provenance import fingerprint_differences
from seedbed.result import Result
from seedbed.rundir import RunDir, encode, read_events, write_json
from seedbed.session import Session
from seedbed.tracking.trace_file import lacks_records


def lacks(session: Session, state: Mapping[str, Any], checkpoint: Checkpoint) -> str | None:
    """What a loss of power has taken that belongs to a whole checkpoint; going back further makes it again."""
    run, memory = session.run, state["memory"]
    if run.events.stat().st_size < int(memory["events"]):
        return "a part of the log before it is lost"
    if lacks_records(run.path, len(session.trace.tensors), memory["trace"]):
        return "a part of the digest chain before it is lost"
    best = int(checkpoint.manifest.get("best_step") or 0)
    if best not in {0, checkpoint.step}:
        folder = find_step(run.checkpoints, best)
        try:
            if folder is None:
                return f"the best checkpoint, of step {best}, is missing"
            read_files(folder)
        except CheckpointError as error:
            return f"its best one is not ({error})"
    return None


def check_fingerprint(session: Session) -> None:
    """Refuse to go on under other numerics unless that was asked for; then the lineage is marked.

    Raises:
        CheckpointError: With every difference.
    """
    manifest = session.run.read_manifest()
    differences = fingerprint_differences(manifest.get("fingerprint", {}), encode(session.training.fingerprint))
    if not differences:
        return
    if not session.options.allow_inexact:
        raise CheckpointError(
            f"{session.run.path} was trained under another numeric fingerprint: {'; '.join(differences)}. Going on "
            "would not give the bits of the uninterrupted run; to do it all the same: --allow-inexact"
        )
    write_json(session.run.manifest, {**manifest, "inexact": [*manifest.get("inexact", []), *differences]})
    session.say(f"going on under another numeric fingerprint ({'; '.join(differences)}); the lineage is inexact now")


def check_position(session: Session) -> None:
    """Refuse to go on with data that cannot say where they are, unless that was asked for; then the lineage is marked.

    Raises:
        DataError: With what to implement.
    """
    train = session.training.data.train
    if train.can_resume:
        return
    if not session.options.allow_inexact:
        raise DataError(
            f"{session.run.path} cannot go on: {train.explanation}. To go on from the start of an epoch all the same, "
            "where the data do not depend on what was read before: --allow-inexact"
        )
    manifest = session.run.read_manifest()
    note = "the data could not say where they were"
    write_json(session.run.manifest, {**manifest, "inexact": [*manifest.get("inexact", []), note]})


def read_end(run: RunDir) -> Result | None:
    """The result of a run that has ended; None if it has not."""
    last: dict[str, Any] = {}
    for event in read_events(run.events):
        last = event
    if last.get("event") != "end":
        return None
    return Result(**{**{field.name: last.get(field.name) for field in fields(Result)}, "run": str(run.path)})  # type: ignore[arg-type]


def leave_ended(session: Session, done: Result, saved: dict[str, Any]) -> Result:
    """Say that a run has ended, and put its last weights into the model; the run folder stays as it is."""
    session.state.load_state_dict(saved)
    text = (
        f"{session.run.path} has ended ({done.status} at step {done.step}); nothing was changed. To train longer: "
        f"seedbed resume {session.run.path} --extend trainer.epochs=…; to train again: another --out"
    )
    session.trackers.write({"event": "note", "step": done.step, "epoch": done.epoch, "text": text})
    return done


def changes_of(session: Session) -> list[str]:
    """What an extension changes in the config; nothing for a plain resume."""
    if not session.options.extend:
        return []
    return differences(session.run.read_config(), encode(session.training.resolved))


def extend(session: Session, step: int, changes: list[str]) -> None:
    """Put the new config in place of the old one, which the manifest keeps.

    Raises:
        ConfigError: The new horizon lies before what is already trained.
    """
    run, total = session.run, session.training.job.total_steps
    if total is not None and total < step:
        raise ConfigError(f"{run.path} has made {step} updates already, more than the {total} of the changed config")
    history = [*history_of(run), {"step": step, "config": run.read_config(), "changes": changes}]
    # in this order: an extension without its config is seen to be none, a config without its history would not be seen
    write_json(run.manifest, {**run.read_manifest(), "history": history})
    write_json(run.config, session.training.resolved)
