"""One training from its config to its result: the one file that knows everybody.

``train`` opens the run folder; ``execute`` makes the updates and does between two of them what is due, in plain ``if``
lines. What is done then is in ``seedbed.session``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from seedbed.build import Training, build
from seedbed.config.load import load_config
from seedbed.loop import NonFiniteError, steps
from seedbed.result import Options, Result
from seedbed.rundir import RunDir, RunLock
from seedbed.session import Session, choose_run_dir
from seedbed.stopping import Stopper


def train(source: str | Path | dict[str, Any], overrides: Sequence[str] = (), options: Options | None = None) -> Result:
    """Train a config: a file, a dict, or the name of a recipe.

    Args:
        source: Path of a JSON, YAML or TOML file, the name of a built-in recipe, or the config itself.
        overrides: ``key.path=value`` strings.

    Raises:
        SeedbedError: Something is wrong with the config, the data, or the training; the message says what to do.
    """
    options = options or Options()
    loaded = load_config(source, list(overrides))
    run = choose_run_dir(loaded.config, options)
    with build(loaded, allow=options.allow) as training:
        return execute(training, run, options)


def execute(training: Training, run: RunDir, options: Options) -> Result:
    """Make the updates of a training that is put together; write its run folder."""
    config, job = training.config, training.job
    with ExitStack() as stack:
        stack.enter_context(RunLock(run))
        stopper = stack.enter_context(Stopper(run.stop, config.trainer.time_limit))
        session = stack.enter_context(Session(training, run, options, stopper))
        session.start()
        status = session.catch_up()
        while status is None and not job.finished():
            try:
                for record in steps(job):
                    session.note(record)
                    if session.is_boundary(record):
                        status = session.boundary(record.epoch, record.ends_epoch)
                    elif stopper.requested():
                        status = session.interrupt()
                    if status is not None:
                        break
            except NonFiniteError as error:
                session.rewind(error)
        return session.finish(status or "finished")
