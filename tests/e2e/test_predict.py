"""Predictions from a run folder alone: the same as the trained model's own, without the training data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seedbed as sb
from seedbed.cli.main import cli
from seedbed.data.datasets.digits import Digits
from seedbed.errors import CheckpointError, ConfigError
from seedbed.inference import evaluate_run
from seedbed.predict import Generation, open_predictor
from seedbed.result import Options
from seedbed.run import train


def predict(*arguments: object) -> str:
    from click.testing import CliRunner

    done = CliRunner().invoke(cli, ["predict", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_predictions_agree_with_the_test_metric_and_need_no_training_data(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config |= {"ema": {"decay": 0.9}}
    train(config, (), Options(out=tmp_path / "run", console="silent"))
    test = Digits(flatten=True).test
    assert test is not None
    inputs, targets = test.inputs[test.rows], test.targets[test.rows]
    np.save(tmp_path / "x.npy", inputs.numpy())
    rows = lines(predict(tmp_path / "run", tmp_path / "x.npy"))
    right = np.mean([row["class"] == int(target) for row, target in zip(rows, targets, strict=True)])
    tested = evaluate_run(tmp_path / "run")
    assert tested["weights"] == "ema"
    assert right == pytest.approx(tested["metrics"]["accuracy"])
    assert rows[3]["name"] == str(rows[3]["class"])
    everything = json.loads(predict(tmp_path / "run", tmp_path / "x.npy", "--json"))
    assert everything["weights"] == "ema"
    assert everything["predictions"] == rows
    raw = json.loads(predict(tmp_path / "run", tmp_path / "x.npy", "--json", "--weights", "raw"))
    assert raw["predictions"] != rows
    table = list(csv.DictReader(predict(tmp_path / "run", tmp_path / "x.npy", "--format", "csv").splitlines()))
    assert float(table[0]["probabilities.3"]) == pytest.approx(rows[0]["probabilities"][3])


def test_a_tables_rows_are_predicted_after_its_file_is_gone(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    size, colour = generator.random(200), generator.choice(["red", "blue"], 200)
    text = "".join(f"{c},{s},{10 * s + (c == 'red')}\n" for c, s in zip(colour, size, strict=True))
    (tmp_path / "train.csv").write_text("colour,size,y\n" + text)
    data = {"path": str(tmp_path / "train.csv"), "target": "y", "normalize": "zscore", "normalize_targets": "zscore"}
    config = {
        "model": {"type": "Linear", "args": {"in_features": 3, "out_features": 1, "squeeze": True}},
        "data": {"type": "Table", "args": {**data, "val": 0.1}},
        "objective": {"type": "Regression"},
        "optimizer": {"type": "Adam", "args": {"lr": 0.1}},
        "trainer": {"epochs": 30},
    }
    train(config, (), Options(out=tmp_path / "run", console="silent"))
    (tmp_path / "train.csv").unlink()
    (tmp_path / "new.csv").write_text("size,colour\n0.2,red\n0.7,blue\n")
    values = [row["value"] for row in lines(predict(tmp_path / "run", tmp_path / "new.csv"))]
    assert values == pytest.approx([3.0, 7.0], abs=0.2)


def test_a_language_model_goes_on_from_a_prompt_the_same_way_for_the_same_seed(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("abcd" * 300)
    config = {
        "model": {"type": "GPT", "args": {"vocab_size": 8, "context": 16, "num_layers": 1, "d_model": 32}},
        "data": {"type": "Text", "args": {"path": str(tmp_path / "text.txt"), "context": 16, "batch_size": 16}},
        "objective": {"type": "LanguageModeling"},
        "optimizer": {"type": "AdamW", "args": {"lr": 0.01}},
        "trainer": {"epochs": 12},
    }
    train(config, (), Options(out=tmp_path / "run", console="silent"))
    (row,) = lines(predict(tmp_path / "run", "ab", "--length", 40, "--temperature", 0))
    assert row["prompt"] + row["generated"] == ("abcd" * 11)[:42]
    sampled = [predict(tmp_path / "run", "ab", "--seed", seed, "--temperature", 3) for seed in (1, 1, 2)]
    assert sampled[0] == sampled[1] != sampled[2]


def test_predicting_leaves_the_global_random_generators_alone(config: dict[str, Any], tmp_path: Path) -> None:
    train(config, (), Options(out=tmp_path / "run", console="silent"))
    np.save(tmp_path / "x.npy", np.zeros((2, 64)))
    before = torch.random.get_rng_state()
    list(open_predictor(tmp_path / "run").rows(str(tmp_path / "x.npy"), Generation()))
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_run_made_in_python_says_what_to_do_instead(tmp_path: Path) -> None:
    x = torch.randn(32, 4)
    sb.fit(torch.nn.Linear(4, 2), (x, (x[:, 0] > 0).long()), epochs=1, console="silent", out=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"made in Python by fit with the model torch\.nn"):
        open_predictor(tmp_path / "run")


def test_averaged_weights_that_do_not_exist_are_refused(config: dict[str, Any], tmp_path: Path) -> None:
    train(config, (), Options(out=tmp_path / "run", console="silent"))
    with pytest.raises(CheckpointError, match="no averaged weights"):
        open_predictor(tmp_path / "run", weights="ema")
