"""Workers, prefetch, evaluation, logging, saving, trackers, the console: none of them touches the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killing import make_config, write_project

from seedbed.result import Options
from seedbed.run import train

CHOICES: dict[str, list[Any]] = {
    "data.args.num_workers": [0, 2],
    "data.args.prefetch": [1, 2, 5],
    "data.args.eval_batch_size": [1, 7, 64],
    "evaluate.every_epochs": [None, 1, 2],
    "evaluate.every_steps": [None, 1, 5],
    "evaluate.weights": ["raw", "ema"],
    "checkpoint.every_steps": [None, 1, 4],
    "checkpoint.every_epochs": [None, 1],
    "checkpoint.keep_last": [1, 3],
    "tracking.log_every": [1, 3, 50],
    "tracking.gradients": [False, True],
    "tracking.tensorboard": [False, True],
    "trainer.monitor": ["off", "min loss"],
}
CONSOLES = ["silent", "plain", "rich", "json"]


def weights(folder: Path, changes: dict[str, Any], console: str = "silent", probe: bool = False) -> str:
    config = make_config("full")
    config["trainer"]["epochs"] = 2
    for path, value in changes.items():
        part = config
        *keys, last = path.split(".")
        for key in keys:
            part = part.setdefault(key, {})
        part[last] = value
    path = write_project(folder / "project", config)
    return train(path, (), Options(out=folder / "run", console=console, probe=probe)).weights_sha256


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    return weights(tmp_path_factory.mktemp("plain"), {})


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    changes=st.fixed_dictionaries({key: st.sampled_from(values) for key, values in CHOICES.items()}),
    console=st.sampled_from(CONSOLES),
    probe=st.booleans(),
)
def test_nothing_that_only_looks_changes_the_weights(
    plain: str, tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any], console: str, probe: bool
) -> None:
    assert weights(tmp_path_factory.mktemp("watched"), changes, console, probe) == plain


def test_what_does_touch_the_weights_is_seen(plain: str, tmp_path: Path) -> None:
    assert weights(tmp_path, {"seed": 6}) != plain
