"""After the last update: the last save, the test with the best weights, and how it went."""

from __future__ import annotations

import copy
import time
from contextlib import suppress
from typing import Any

from torch import nn

from seedbed.checkpoint.saver import weights_sha256
from seedbed.checkpoint.store import find_step
from seedbed.checkpoint.weights import load_best
from seedbed.errors import CheckpointError
from seedbed.evaluate import chosen_weights, evaluate
from seedbed.result import Result
from seedbed.session import Session
from seedbed.stopping import StopRequested


def finish(session: Session, status: str) -> Result:
    """Save, test with the best weights, and say how it went."""
    state = session.state
    metrics: dict[str, Any] = dict(state.progress.last_metrics)
    if status != "interrupted":
        if session.saver.saved_step != state.step:
            session.save("end", state.cursor.epoch - 1, True)
        session.settle()
        check_saved(session, status)
        try:
            if session.training.test is not None and session.config.evaluate.test:
                metrics |= {f"test_{name}": value for name, value in test_best(session).items()}
        except StopRequested:  # everything is saved; going on begins with the test
            session.write({"event": "signal", "reason": session.stopper.reason})
            status = "interrupted"
    else:
        session.settle()
        if session.options.stop_after is None:
            check_saved(session, status)
    result = Result(
        run=str(session.run.path),
        status=status,
        epoch=state.cursor.epoch,
        step=state.step,
        metrics=metrics,
        best=describe_best(session),
        weights_sha256=weights_sha256(state.model.state_dict()),
        seconds=time.perf_counter() - session.started,
    )
    if status != "interrupted":
        session.write({"event": "end", **result.to_json()})
    with suppress(OSError):
        session.log.sync()
    return result


def check_saved(session: Session, status: str) -> None:
    """Make sure that the last state is on the disk.

    Raises:
        CheckpointError: It could not be saved.
    """
    if not session.saver.failed:
        return
    newest = session.saver.saved_step
    raise CheckpointError(
        f"{session.run.path} is {status} at step {session.state.step}, but this state could not be saved; the newest "
        f"checkpoint is that of {f'step {newest}' if newest else 'no step yet'}. Make space and give the same command "
        "again: it goes on from there"
    )


def test_best(session: Session) -> dict[str, Any]:
    """Evaluate the test data with the weights that validated best, else with the last ones."""
    model, weights = chosen_weights(session.state, session.config.evaluate.weights)
    best_step = session.state.progress.best_step
    if best_step not in {0, session.state.step}:
        model = copy_best(session, model, weights)
    assert session.training.test is not None
    found = evaluate(
        model,
        session.state.objective,
        session.training.test,
        autocast=session.state.autocast,
        poll=session.stopper.check,
    )
    session.write({"event": "evaluate", "split": "test", "weights": weights, "metrics": found})
    return found


def copy_best(session: Session, model: nn.Module, weights: str) -> nn.Module:
    """A copy of the model with the best checkpoint's weights."""
    saved, checkpoint = load_best(session.run.path)
    if checkpoint.step != session.state.progress.best_step:
        session.say(f"the best checkpoint cannot be read; testing with the weights of step {checkpoint.step}")
    best = copy.deepcopy(model)
    best.load_state_dict(saved["model"] if weights == "raw" else saved["ema"]["module"])
    return best


def describe_best(session: Session) -> dict[str, Any] | None:
    """The best value of the monitored metric, and where it is."""
    monitor, progress = session.training.monitor, session.state.progress
    if monitor is None or progress.best is None:
        return None
    folder = find_step(session.run.checkpoints, progress.best_step)
    return {
        "monitor": str(monitor),
        "value": progress.best,
        "epoch": progress.best_epoch,
        "step": progress.best_step,
        "checkpoint": None if folder is None else f"checkpoints/{folder.name}",
    }
