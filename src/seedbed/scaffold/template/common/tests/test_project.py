"""What must hold before a long training: the model runs, it can learn, and the data are what it expects."""

from __future__ import annotations

from pathlib import Path

import seedbed as sb
from seedbed.result import Options


def train(tmp_path, *changes):
    """Train the project's config with changes; no output, no long training."""
    config = Path(__file__).parents[1] / "config.json"
    return sb.train(config, changes, Options(out=tmp_path / "run", console="silent"))


def test_a_few_steps_work_and_leave_a_run_folder(tmp_path):
    result = train(tmp_path, "trainer.epochs=1", "trainer.steps=3")
    assert result.status == "finished"
    assert (tmp_path / "run" / "checkpoints").is_dir()


def test_the_model_can_learn_two_batches_by_heart(tmp_path):
    before = train(tmp_path / "before", "trainer.overfit_batches=2", "trainer.steps=1")
    after = train(tmp_path / "after", "trainer.overfit_batches=2", "trainer.epochs=60", "checkpoint.every_epochs=60")
    assert after.metrics["val_loss"] < 0.7 * before.metrics["val_loss"]


def test_the_same_seed_gives_the_same_weights(tmp_path):
    first, second = (train(tmp_path / name, "trainer.epochs=1", "trainer.steps=3") for name in ("a", "b"))
    assert first.weights_sha256 == second.weights_sha256
