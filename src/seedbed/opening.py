"""Before the first update of a run: afresh or from a checkpoint, what made it, the probes, the first pictures."""

from __future__ import annotations

from functools import partial

from seedbed.build import Training
from seedbed.checkpoint.store import load_newest
from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.examine import chosen, examine
from seedbed.errors import TrainingError
from seedbed.preflight import shuffled_order, twin_step
from seedbed.result import Result
from seedbed.resuming import changes_of, check_fingerprint, check_position, extend, lacks, leave_ended, read_end
from seedbed.rundir import write_json
from seedbed.session import Session
from seedbed.tracking.samples import first_samples, write_start


def begin(session: Session) -> Result | None:
    """Begin afresh, or take up the newest valid checkpoint; a run that has ended is left as it is: its result.

    Raises:
        CheckpointError: There are checkpoints but none is valid, or the numeric fingerprint has changed.
        DataError: The data cannot say where they are, so that training cannot go on.
        TrainingError: The doctor is certain of a mistake.
        StopRequested: While the normalizers were fitted.
    """
    run, training, state = session.run, session.training, session.state
    found = None
    if session.options.resume != "never":
        found = load_newest(run.checkpoints, lacks=partial(lacks, session))
    if found is None:
        session.log.rewind(0)
        session.trace.start(None)
        write_json(run.config, training.resolved)
        write_json(run.manifest, training.manifest(list(session.options.command)))
        session.write({"event": "start", "run": str(run.path), **training.describe()})
        if training.speed.measured is not None:
            session.write({"event": "speed", "text": training.speed.sentence(), **training.speed.measured})
        if not training.data.train.can_resume:
            session.say(training.data.train.explanation)
        training.data.fit(session.stopper.check_signal)
        probe(session)
    else:
        saved, checkpoint, damage = found
        changes = changes_of(session)
        done = None if changes else read_end(run)
        if done is not None and done.step == checkpoint.step:
            return leave_ended(session, done, saved)
        check_fingerprint(session)
        check_position(session)
        if changes:
            extend(session, checkpoint.step, changes)
        session.restore(saved)
        for sentence in damage:
            session.say(f"{sentence}; going back to the newest checkpoint that is whole")
        horizon = {"epochs": training.job.total_epochs, "total_steps": training.job.total_steps}
        session.write({"event": "resume", "checkpoint": checkpoint.path.name, **horizon})
    for sentence in training.speed.refusals:
        session.say(sentence)
    if session.settings is not None:
        source = training.validation
        batch = next(iter(source)) if source is not None else training.job.batches.take(state.cursor, 1)[0][0]
        session.samples = first_samples(batch)
        if found is None:
            write_start(session.trackers, session.settings, state, session.samples, training.resolved)
    return None


def probe(session: Session) -> None:
    """Look for mistakes, and for what would make this run impossible to reproduce; say so.

    Raises:
        TrainingError: Something is certainly wrong, and the config does not allow it.
    """
    if not session.options.probe:
        return
    found = findings_of(session.training)
    for finding in found:
        session.write({"event": "finding", **finding.to_json()})
    errors = [finding for finding in found if finding.severity == Severity.ERROR]
    if errors:
        text = f"{errors[0].code}: {errors[0].message} If it is meant: allow='[\"{errors[0].code}\"]'"
        session.write({"event": "failed", "text": text})
        raise TrainingError(text)


def findings_of(training: Training) -> list[Finding]:
    """Everything that can be said of a job before its first update; its normalizers are fitted."""
    data = training.data
    fetcher, samples = getattr(data.train, "fetcher", None), getattr(data.train, "samples", None)
    probes = [twin_step(training.job)]
    if fetcher is not None and samples is not None:
        probes.append(shuffled_order(fetcher, samples.ids, training.config.seed))
    seen = [CHECKS[p.code].finding(p.title, why=p.evidence, fix=p.fix, source="dynamic") for p in probes if p]
    return chosen([*examine(training), *seen], training.config.allow)
