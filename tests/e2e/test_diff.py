"""Two runs with one planted difference: ``diff`` names its kind, the update and the tensor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seedbed.replay import Verdict, diff, reproduce
from seedbed.result import Options
from seedbed.run import train
from seedbed.rundir import read_events

MODEL = """
import os
import time
import torch
from torch import nn

SLOPE = 0.1
BROKEN_FROM = 10**9
NOISE = 0.0


class Scale(torch.autograd.Function):
    calls = 0

    @staticmethod
    def forward(ctx, x):
        return x * 2.0

    @staticmethod
    def backward(ctx, grad):
        Scale.calls += 1
        return grad * (2.5 if Scale.calls >= BROKEN_FROM else 2.0)


class Scaled(nn.Module):
    def forward(self, x):
        return Scale.apply(x) + NOISE * (int.from_bytes(os.urandom(2), "little") / 65536)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        Scale.calls = 0
        self.first = nn.Linear(6, 8)
        self.act = nn.LeakyReLU(SLOPE)
        self.scaled = Scaled()
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.drop(self.scaled(self.act(self.first(x)))))
"""

DATA = """
from pathlib import Path
import numpy as np
import torch
from torch.utils.data import Dataset


class Rows(Dataset):
    def __init__(self):
        self.x = torch.from_numpy(np.load(Path(__file__).parent / "rows.npy"))
        self.targets = (self.x.sum(1) > 0).long() + (self.x[:, 0] > 0.5).long()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.targets[index]
"""

STEP = """
import torch
import seedbed as sb

EXTRA_AT = 0


def update(state, batch):
    state.optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(state.model(batch.inputs), batch.targets)
    loss.backward()
    state.optimizer.step()
    if state.step + 1 == EXTRA_AT:
        torch.rand(1)
    return sb.Step(loss=loss.detach())
"""


def base() -> dict[str, Any]:
    return {
        "name": "pair",
        "seed": 3,
        "model": {"type": "Net"},
        "data": {"type": "Rows", "args": {"batch_size": 8}},
        "objective": {"type": "Classification"},
        "optimizer": {"type": "AdamW", "args": {"lr": 0.01}},
        "trainer": {"epochs": 3, "monitor": "off"},
        "evaluate": {"every_epochs": None},
    }


def rows() -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).normal(size=(64, 6)).astype(np.float32)


Change = Callable[[Path, dict[str, Any]], None]


def edit(file: str, old: str, new: str) -> Change:
    def change(project: Path, config: dict[str, Any]) -> None:
        text = (project / file).read_text()
        assert old in text
        (project / file).write_text(text.replace(old, new))

    return change


def set_value(path: str, value: Any) -> Change:
    def change(project: Path, config: dict[str, Any]) -> None:
        *keys, last = path.split(".")
        for key in keys:
            config = config.setdefault(key, {})
        config[last] = value

    return change


def make_run(folder: Path, *changes: Change, probe: bool = False) -> Path:
    project, config = folder / "project", base()
    project.mkdir(parents=True)
    for name, text in (("model.py", MODEL), ("data.py", DATA), ("step.py", STEP)):
        (project / name).write_text(text)
    np.save(project / "rows.npy", rows())
    for change in changes:
        change(project, config)
    (project / "config.json").write_text(json.dumps(config))
    train(project / "config.json", (), Options(out=folder / "run", console="silent", probe=probe))
    return folder / "run"


def compared(tmp_path: Path, *changes: Change, both: tuple[Change, ...] = ()) -> Verdict:
    return diff(make_run(tmp_path / "a", *both), make_run(tmp_path / "b", *both, *changes))


def test_equal_runs_in_two_places_are_equal(tmp_path: Path) -> None:
    verdict = compared(tmp_path)
    assert (verdict.verdict, verdict.causes) == ("EXACT", [])


def test_another_option_of_the_optimizer_is_a_difference_of_config_seen_in_the_optimizer(tmp_path: Path) -> None:
    verdict = compared(tmp_path, set_value("optimizer.args.eps", 1e-4))
    assert (verdict.step, verdict.what) == (1, "optimizer main")
    assert verdict.causes[0].startswith("config: optimizer.args.eps")


def test_a_constant_in_the_project_s_model_is_a_difference_of_code_seen_in_the_activation(tmp_path: Path) -> None:
    verdict = compared(tmp_path, edit("model.py", "SLOPE = 0.1", "SLOPE = 0.2"))
    assert (verdict.step, verdict.what) == (1, "activation act")
    assert verdict.causes[0].startswith("code: model.py")


def test_a_numeric_variable_is_a_difference_of_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = make_run(tmp_path / "a")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    verdict = diff(a, make_run(tmp_path / "b"))
    assert verdict.causes == ["fingerprint: env.ONEDNN_MAX_CPU_ISA was absent, is AVX2"]


def test_one_changed_number_in_one_sample_is_a_difference_of_input_bytes_where_it_is_first_read(tmp_path: Path) -> None:
    def spoil(project: Path, config: dict[str, Any]) -> None:
        changed = rows()
        changed[37, 2] += 1e-3
        np.save(project / "rows.npy", changed)

    verdict = compared(tmp_path, spoil)
    assert verdict.what == "input bytes"
    assert verdict.step is not None
    assert 1 <= verdict.step <= 8


def test_another_order_is_a_difference_of_sample_ids(tmp_path: Path) -> None:
    verdict = compared(tmp_path, set_value("data.args.sampler", "sequential"))
    assert (verdict.step, verdict.what) == (1, "sample ids")


def test_an_extra_draw_is_a_difference_of_the_random_state_at_the_next_update(tmp_path: Path) -> None:
    own_step = set_value("trainer.train_step", "update")
    verdict = compared(tmp_path, edit("step.py", "EXTRA_AT = 0", "EXTRA_AT = 11"), both=(own_step,))
    assert (verdict.step, verdict.what) == (12, "RNG")
    assert verdict.causes[0].startswith("code: step.py")


def test_another_backward_from_some_update_on_is_a_difference_of_the_gradient(tmp_path: Path) -> None:
    verdict = compared(tmp_path, edit("model.py", "BROKEN_FROM = 10**9", "BROKEN_FROM = 7"))
    assert (verdict.step, verdict.what) == (7, "gradient first.weight")


def test_a_non_deterministic_operation_is_found_before_training_and_called_so_afterwards(tmp_path: Path) -> None:
    noisy = edit("model.py", "NOISE = 0.0", "NOISE = 0.1")
    a, b = make_run(tmp_path / "a", noisy, probe=True), make_run(tmp_path / "b", noisy)
    codes = [event["code"] for event in read_events(a / "events.jsonl") if event["event"] == "finding"]
    assert "SB716" in codes
    verdict = diff(a, b)
    assert (verdict.step, verdict.what) == (1, "activation scaled")
    assert "non-deterministic operation" in verdict.summary
    assert reproduce(a).verdict == "DIVERGED"


def test_reproducing_after_a_change_of_code_or_data_is_not_comparable(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a")
    assert reproduce(run).verdict == "EXACT"
    assert reproduce(run, steps=5).compared_steps == 5
    edit("model.py", "SLOPE = 0.1", "SLOPE = 0.2")(tmp_path / "a" / "project", {})
    verdict = reproduce(run)
    assert (verdict.verdict, verdict.exit_code) == ("NOT COMPARABLE", 2)
    assert "model.py" in verdict.summary
