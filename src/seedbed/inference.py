"""What is done with a run afterwards: its best weights, evaluated; and what a config's model looks like before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedbed.build import Training, build
from seedbed.checkpoint.weights import load_best
from seedbed.data.batches import TrainBatches
from seedbed.errors import DataError
from seedbed.evaluate import chosen_weights, evaluate
from seedbed.models.summary import Summary, summarize
from seedbed.parts import load
from seedbed.recipes.catalog import find_recipe
from seedbed.run import project_of
from seedbed.rundir import RunDir, find_run_dir


def restore_best(training: Training, run: RunDir) -> int:
    """Put the best checkpoint's state into a training; returns its step."""
    state, checkpoint = load_best(run.path)
    training.job.state.load_state_dict(state)
    return checkpoint.step


def evaluate_run(
    path: Path, *, split: str = "test", weights: str = "auto", allow: Sequence[str] = ()
) -> dict[str, Any]:
    """The metrics of a run's best weights.

    Args:
        path: A run folder, or a folder of runs (then the newest).
        split: "train" (without augmentation), "val" or "test".
        weights: "raw", "ema", or "auto" for the average where there is one.

    Raises:
        DataError: The run's data have no such split.
    """
    run = find_run_dir(path)
    loaded = load(run.read_config(), allow=allow, project=project_of(run))
    with build(loaded, allow=allow) as training:
        step = restore_best(training, run)
        data, state = training.data, training.job.state
        batches: Any = {"val": data.val, "test": data.test}.get(split)
        if split == "train" and isinstance(data.train, TrainBatches):
            batches = data.train.in_order(256)
        if batches is None:
            raise DataError(f"{run.path}: its data have no {split} split; add data.args.{split} or take another")
        model, used = chosen_weights(state, weights)
        metrics = evaluate(model, state.objective, batches, autocast=state.autocast)
    return {"run": str(run.path), "step": step, "split": split, "weights": used, "metrics": metrics}


def summarize_config(
    source: str, overrides: Sequence[str], *, allow: Sequence[str] = ()
) -> tuple[Summary, list[float]]:
    """What a config's model is made of, and its learning rate at each update.

    Args:
        source: A config file or the name of a recipe.
        overrides: ``key.path=value`` strings.
    """
    path = Path(source) if Path(source).exists() or Path(source).suffix else find_recipe(source)
    loaded = load(path, overrides, allow=allow)
    with build(loaded, allow=allow) as training:
        training.data.fit()
        job = training.job
        (batch,), _ = job.batches.take(job.state.cursor, 1)
        summary = summarize(job.state.model, batch.inputs)
        rates = []
        total = job.total_steps or 0
        for point in range(min(total, 200)):
            for schedule in job.state.schedules.values():
                schedule.apply(point * (total - 1) // max(min(total, 200) - 1, 1))
            rates.append(job.state.learning_rate)
    return summary, rates
