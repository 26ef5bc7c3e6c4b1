"""One training from its config to its result: the one file that knows everybody.

``train`` opens the run folder; ``execute`` makes the updates and does between two of them what is due, in plain ``if``
lines. What is done then is in ``seedbed.session``.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedbed.build import Training, build
from seedbed.closing import finish
from seedbed.config.load import LoadedConfig
from seedbed.data.fetch import WorkerDiedError, is_worker_death
from seedbed.errors import CheckpointError, ConfigError
from seedbed.extending import check_extension
from seedbed.locate import as_recorded, choose_run_dir, differences
from seedbed.loop import NonFiniteError, steps
from seedbed.opening import begin
from seedbed.parts import load
from seedbed.recipes.catalog import find_recipe
from seedbed.result import Options, Result
from seedbed.rundir import RunDir, RunLock, encode, find_run_dir
from seedbed.session import Session
from seedbed.stopping import Stopper, StopRequested

DISK_REFUSES = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}


def train(source: str | Path | dict[str, Any], overrides: Sequence[str] = (), options: Options | None = None) -> Result:
    """Train a config: a file, a dict, or the name of a recipe.

    Args:
        source: Path of a JSON, YAML or TOML file, the name of a built-in recipe, or the config itself.
        overrides: ``key.path=value`` strings.

    Raises:
        SeedbedError: Something is wrong with the config, the data, or the training; the message says what to do.
    """
    options = options or Options()
    loaded = load_source(source, overrides, options.allow)
    root = loaded.run_root if loaded.run_root is not None and options.root == Path("runs") else options.root
    run = choose_run_dir(loaded.config.name, loaded.config.model_dump(mode="json"), replace(options, root=root))
    loaded = replace(loaded, config=as_recorded(loaded.config, run))
    with build(loaded, allow=options.allow) as training:
        return execute(training, run, options)


def load_source(
    source: str | Path | dict[str, Any], overrides: Sequence[str] = (), allow: Sequence[str] = ()
) -> LoadedConfig:
    """Read a file, a recipe by its name, or a config itself, and check everything in it."""
    if isinstance(source, str) and not Path(source).suffix and not Path(source).exists():
        source = find_recipe(source)
    return load(source, overrides, allow=allow)


def resume(path: Path, overrides: Sequence[str] = (), options: Options | None = None) -> Result:
    """Go on with a run.

    Args:
        path: A run folder, or a folder of runs (then the newest).
        overrides: Changes to its config; they need ``options.extend``.

    Raises:
        ConfigError: There is no run, or it was made in Python by ``fit``.
    """
    options = options or Options()
    run = find_run_dir(path)
    if overrides and not options.extend:
        raise ConfigError(
            f"going on with {run.path} under a changed config ({', '.join(overrides)}) is another training; say so "
            "with --extend, or start a new run"
        )
    before = run.read_config()
    loaded = load(before, overrides, allow=options.allow, project=project_of(run))
    check_extension(run, differences(before, encode(loaded.config.model_dump(mode="json"))))
    with build(loaded, allow=options.allow) as training:
        return execute(training, run, options)


def project_of(run: RunDir) -> Path | None:
    """The folder of the user's modules that a run was made with."""
    project = run.read_manifest().get("project") if run.manifest.is_file() else None
    return Path(project) if project else None


def execute(training: Training, run: RunDir, options: Options) -> Result:
    """Make the updates of a training that is put together; write its run folder."""
    config, job = training.config, training.job
    with ExitStack() as stack:
        stack.enter_context(RunLock(run))
        stopper = stack.enter_context(Stopper(run.stop, config.trainer.time_limit))
        session = stack.enter_context(Session(training, run, options, stopper))
        try:
            done = begin(session)
            status = session.catch_up() if done is None else None
        except StopRequested:  # before the first update there is nothing to save
            session.write({"event": "signal", "reason": stopper.reason})
            done, status = None, "interrupted"
        except OSError as error:
            if error.errno not in DISK_REFUSES:
                raise
            raise CheckpointError(
                f"{run.path} cannot be written ({error.strerror}); make space, or choose another folder with --out"
            ) from error
        if done is not None:
            return done
        while status is None and not job.finished():
            try:
                for record in steps(job):
                    session.note(record)
                    if session.is_boundary(record):
                        status = session.boundary(record.epoch, record.ends_epoch)
                    elif stopper.requested():
                        status = session.interrupt()
                    if status is None and record.step == options.stop_after:
                        status = "interrupted"
                    if status is not None:
                        break
            except NonFiniteError as error:
                session.rewind(error)
            except WorkerDiedError:
                if not stopper.requested():
                    raise
                status = session.interrupt()  # whoever stops a group of processes stops the loader's workers too
            except RuntimeError as error:
                if not (stopper.requested() and is_worker_death(error)):
                    raise
                # the same in the middle of an update: half of it may be made, so the last checkpoint is what counts
                session.write({"event": "signal", "reason": stopper.reason})
                status = "interrupted"
        return finish(session, status or "finished")
