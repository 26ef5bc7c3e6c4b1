"""Before the first update of a run: afresh or from a checkpoint, what made it, the probes, the first pictures."""

from __future__ import annotations

from seedbed.build import Training
from seedbed.checkpoint.store import load_newest
from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.examine import chosen, examine
from seedbed.errors import CheckpointError, TrainingError
from seedbed.preflight import shuffled_order, twin_step
from seedbed.provenance import fingerprint_differences
from seedbed.rundir import encode, write_json
from seedbed.session import Session
from seedbed.tracking.samples import first_samples, write_start


def begin(session: Session) -> None:
    """Begin afresh, or take up the newest valid checkpoint.

    Raises:
        CheckpointError: There are checkpoints but none is valid, or the numeric fingerprint has changed.
        TrainingError: The doctor is certain of a mistake.
    """
    run, training, state = session.run, session.training, session.state
    found = None if session.options.resume == "never" else load_newest(run.checkpoints)
    if found is None:
        session.log.rewind(0)
        session.trace.start(None)
        training.data.fit()
        write_json(run.config, training.resolved)
        write_json(run.manifest, training.manifest(list(session.options.command)))
        session.write({"event": "start", "run": str(run.path), **training.describe()})
        probe(session)
    else:
        saved, checkpoint, damage = found
        check_fingerprint(session)
        session.restore(saved)
        for sentence in damage:
            session.say(f"{sentence}; going back to the newest checkpoint that is whole")
        horizon = {"epochs": training.job.total_epochs, "total_steps": training.job.total_steps}
        session.write({"event": "resume", "checkpoint": checkpoint.path.name, **horizon})
    if session.settings is not None:
        source = training.validation
        batch = next(iter(source)) if source is not None else training.job.batches.take(state.cursor, 1)[0][0]
        session.samples = first_samples(batch)
        if found is None:
            write_start(session.trackers, session.settings, state, session.samples, training.resolved)


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
