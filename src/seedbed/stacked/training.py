"""Several seeds of one config trained together, each with a run folder of its own, as if it had been trained alone.

Members step together while they have made the same updates. One that stops early leaves the stack; one that goes back,
or was stopped elsewhere than the others, catches up first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from seedbed.build import build
from seedbed.closing import finish
from seedbed.config.load import LoadedConfig
from seedbed.errors import DataError, SeedbedError
from seedbed.loop import NonFiniteError
from seedbed.opening import begin
from seedbed.result import Options, Result
from seedbed.rundir import RunDir, RunLock, write_json
from seedbed.session import Session
from seedbed.stacked.evaluation import Evaluation
from seedbed.stacked.feed import Feed
from seedbed.stacked.member import Member
from seedbed.stacked.reasons import TOLERANCE, reason_against, rehearse
from seedbed.stacked.saving import LateSaver
from seedbed.stacked.stack import Reports, Stack
from seedbed.stopping import Stopper, StopRequested

MARK = "stacked"  # the entry of the numeric fingerprint that keeps stacked and single runs apart


def is_stacked(run: RunDir) -> bool:
    """Whether a run was begun in a stack."""
    if not run.manifest.is_file():
        return False
    with suppress(DataError):
        return MARK in run.read_manifest().get("fingerprint", {})
    return False


def train_stacked(
    loaded: Sequence[LoadedConfig], runs: Sequence[RunDir], options: Options, stop_file: Path | None = None
) -> list[Result] | str:
    """Train configs that differ in their seed alone, together.

    Args:
        loaded: A config a member.
        runs: A run folder a member: new, or of a stacked run that was stopped.
        options: As for a single training; ``out`` and ``resume`` are not used.
        stop_file: Stop them all when this file appears.

    Returns:
        A result a member; or, before anything was written, why they can't be trained together.

    Raises:
        SeedbedError: As for a single training. The other members have then saved what they had.
    """
    with built(loaded, runs, options) as members:
        reason = reason_against(members)
        if reason is None:
            for member in members:
                member.training.data.fit()
            reason = rehearse(members)
        return make_all(members, options, stop_file) if reason is None else reason


@contextmanager
def built(loaded: Sequence[LoadedConfig], runs: Sequence[RunDir], options: Options) -> Iterator[list[Member]]:
    """The members, put together; closed at the end."""
    with ExitStack() as stack:
        members = []
        for its, run in zip(loaded, runs, strict=True):
            training = stack.enter_context(build(its, allow=options.allow, plain_layout=True))
            members.append(Member(training, run))
        yield members


def make_all(members: Sequence[Member], options: Options, stop_file: Path | None) -> list[Result]:
    """Open every member's run, make its updates, and close it."""
    with ExitStack() as stack:
        stopper = stack.enter_context(Stopper(stop_file, members[0].training.config.trainer.time_limit))
        evaluation = Evaluation()
        for member in members:
            open_run(stack, member, options, stopper, evaluation, first=member is members[0])
        train_members(members, options, stopper, evaluation)
        return [member.result for member in members if member.result is not None]


def open_run(
    stack: ExitStack, member: Member, options: Options, stopper: Stopper, evaluation: Evaluation, *, first: bool
) -> None:
    """Begin a member's run, or take it up. The doctor looks at the first one's: the others differ in the seed alone."""
    member.training.fingerprint[MARK] = True
    member.run.path.mkdir(parents=True, exist_ok=True)
    stack.enter_context(RunLock(member.run))
    fresh = not member.run.manifest.is_file()
    session = Session(member.training, member.run, replace(options, probe=options.probe and first), stopper)
    member.session = stack.enter_context(session)
    session.evaluator = evaluation.of(member)
    session.saver = late(session)
    with member.alone():
        try:
            member.result = begin(session)
            status = session.catch_up() if member.result is None else None
        except StopRequested:  # before the first update there is nothing to save
            session.write({"event": "signal", "reason": stopper.reason})
            status = "interrupted"
        if fresh:
            write_json(member.run.manifest, {**member.run.read_manifest(), "stack": describe()})
        if status is not None:
            member.result = finish(session, status)


def late(session: Session) -> LateSaver:
    """The session's saver, as one that writes later."""
    saver, settings = session.saver, session.config.checkpoint
    return LateSaver(
        saver.root,
        keep_last=settings.keep_last,
        keep_every_epochs=settings.keep_every_epochs,
        say=session.say,
        patience=saver.patience,
    )


def describe() -> dict[str, object]:
    """What the manifest says of a stacked run."""
    return {
        "tolerance": TOLERANCE,
        "text": "trained together with other seeds: each update's loss and gradients are the single run's up to "
        "rounding, which a trial before the first update bounds by the tolerance (a share of the tensor's largest "
        "element); its digests are those of this stack, not of a single run",
    }


def train_members(members: Sequence[Member], options: Options, stopper: Stopper, evaluation: Evaluation) -> None:
    """Make every member's updates; each ends with its result."""
    going = [member for member in members if member.result is None]
    while going:
        group, until = next_group(going)
        statuses = advance(group, until, options, stopper, evaluation)
        evaluation.follow(None)
        for member in going:
            status = statuses.get(id(member))
            with member.alone():
                if status is None and stopper.requested():
                    status = member.its_session.interrupt()
                if status is not None:
                    member.result = finish(member.its_session, status)
        going = [member for member in going if member.result is None]


def next_group(going: Sequence[Member]) -> tuple[list[Member], int | None]:
    """The members that have made the fewest updates and may step together; and where others wait for them."""
    behind = min(going, key=lambda member: member.state.step)
    group = [member for member in going if position(member) == position(behind)]
    ahead = [member.state.step for member in going if member.state.step > behind.state.step]
    return group, min(ahead, default=None)


def position(member: Member) -> tuple[int, int, int, int]:
    """What the members of one stack have in common: updates made, updates skipped, the place in the data."""
    state = member.state
    return state.step, state.skipped, state.cursor.epoch, state.cursor.batch


def advance(
    group: Sequence[Member], until: int | None, options: Options, stopper: Stopper, evaluation: Evaluation
) -> dict[int, str]:
    """Make updates until a member ends, goes its own way, or ``until`` is reached; why each one ends, by ``id``."""
    finished = {id(member): "finished" for member in group}
    job = group[0].training.job
    if job.finished():
        return finished
    watched = any(m.its_session.statistics or m.its_session.settings is not None for m in group)
    stack = Stack(group, keep_gradients=watched)
    evaluation.follow(stack)
    feed = Feed([member.training.job.batches for member in group])
    for member in group:
        member.its_session.trace.follow(member.state.model.state_dict())
    while True:
        if group[0].state.cursor.batch == 0:
            for state in stack.states:
                state.start_epoch()
        epoch = group[0].state.cursor.epoch
        window, cursor = feed.take(group[0].state.cursor, job.accumulate)
        reports = stack.step(window)
        for state in stack.states:
            state.cursor = cursor
        for record in reports.records.values():
            record.epoch, record.ends_epoch = epoch, cursor.epoch > epoch
        statuses = look_after(group, stack, reports, options, stopper)
        if statuses or stack.over or group[0].state.step == until:
            stack.settle()
            return statuses
        if job.finished():
            return finished


def look_after(
    group: Sequence[Member], stack: Stack, reports: Reports, options: Options, stopper: Stopper
) -> dict[int, str]:
    """What ``run.execute`` does after an update, for every member; why some end here, by ``id``."""
    statuses: dict[int, str] = {}
    failures = dict(reports.failures)
    stopping = stopper.requested()
    first = next(iter(reports.records.values()), None)
    due = first is not None and group[0].its_session.is_boundary(first)  # the same for all: they have the same config
    for number, record in reports.records.items():
        session = group[number].its_session
        try:
            session.note(record)
            ending = record.step == options.stop_after
            if not (due or stopping or ending):
                continue
            stack.settle()
            with group[number].alone():
                status = session.boundary(record.epoch, record.ends_epoch) if due else None
                status = session.interrupt() if stopping and not due else status
            status = status or ("interrupted" if ending else None)
            statuses |= {} if status is None else {id(group[number]): status}
        except NonFiniteError as error:  # read from a device, some updates later
            failures[number] = error
    if failures:
        stack.settle()
        stack.over = True
    for number, failure in failures.items():
        go_back(group[number], failure, [member for i, member in enumerate(group) if i not in failures])
    return statuses


def go_back(member: Member, error: NonFiniteError, others: Sequence[Member]) -> None:
    """Do with a loss that is not finite what the config says; if that is to stop, the others are saved first.

    Raises:
        TrainingError: It says so.
    """
    try:
        with member.alone():
            member.its_session.settle()  # what waits to be written may be what it goes back to
            member.its_session.rewind(error)
    except SeedbedError:
        for other in others:
            with suppress(OSError, SeedbedError), other.alone():
                other.its_session.save("stop", other.state.cursor.epoch, False)
        raise
