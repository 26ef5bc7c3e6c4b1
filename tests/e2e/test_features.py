"""What a config can ask for, each asked for in a real training."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import seedbed as sb
from seedbed.checkpoint.store import list_checkpoints, load
from seedbed.errors import CheckpointError, ConfigError, DataError, TrainingError
from seedbed.inference import evaluate_run
from seedbed.result import Options, Result
from seedbed.run import resume, train
from seedbed.rundir import read_events


def quiet(out: Path) -> Options:
    return Options(out=out, console="silent")


def stop_and_resume(config: dict[str, Any], folder: Path) -> Result:
    """Stopped at the first update, then finished."""
    folder.mkdir()
    (folder / "STOP").touch()
    assert train(config, (), quiet(folder)).status == "interrupted"
    return resume(folder, (), Options(console="silent"))


def epochs(run: Path) -> list[dict[str, Any]]:
    return [event for event in read_events(run / "events.jsonl") if event["event"] == "epoch"]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns_and_resumes_exactly(config: dict[str, Any], tmp_path: Path, precision: str) -> None:
    config["trainer"] = {"epochs": 2, "precision": precision}
    straight = train(config, (), quiet(tmp_path / "a"))
    assert straight.metrics["val_accuracy"] > 0.3
    assert stop_and_resume(config, tmp_path / "b").weights_sha256 == straight.weights_sha256
    state, _ = load(list_checkpoints(tmp_path / "a" / "checkpoints")[-1])
    assert ("scaler" in state) == (precision == "fp16")
    assert all(tensor.dtype == torch.float32 for tensor in state["model"].values())


def test_overfitting_a_few_batches_drives_their_loss_down(config: dict[str, Any], tmp_path: Path) -> None:
    config["data"]["args"]["batch_size"] = 16
    config["trainer"] = {"epochs": 60, "overfit_batches": 2, "monitor": "max val_accuracy"}
    result = train(config, (), quiet(tmp_path / "run"))
    assert result.step == 120
    assert result.metrics["val_accuracy"] == 1.0


def test_weights_of_another_run_are_a_start_and_what_does_not_fit_is_an_error(
    config: dict[str, Any], tmp_path: Path
) -> None:
    first = train(config, (), quiet(tmp_path / "first"))
    warm = {**config, "init": {"checkpoint": first.run}, "optimizer": {"type": "SGD", "args": {"lr": 0.0}}}
    copied = train(warm, (), quiet(tmp_path / "copied"))
    best = tmp_path / "first" / first.best["checkpoint"] if first.best else None
    assert best is not None
    weights = safetensors.torch.load_file(best / "model.safetensors")
    last = list_checkpoints(Path(copied.run) / "checkpoints")[-1]
    assert all(torch.equal(weights[name], tensor) for name, tensor in load(last)[0]["model"].items())
    warm["model"] = {"type": "MLP", "args": {"in_features": 64, "hidden": [16], "out_features": 7, "dropout": 0.1}}
    warm["objective"] = {"type": "Classification", "args": {"metrics": []}}
    warm["data"] = {"type": "Digits", "args": {"limit": 64, "flatten": True}}
    with pytest.raises(CheckpointError, match="10"):
        train(warm, (), quiet(tmp_path / "strict"))
    warm["init"]["strict"] = False
    with pytest.raises(DataError, match="labels go from 0 to 6"):
        train(warm, (), quiet(tmp_path / "loose"))
    start = next(read_events(tmp_path / "loose" / "events.jsonl"))
    assert any("mismatch" in note or "shape" in note for note in start["notes"])


def test_frozen_weights_stay_until_their_epoch_and_a_resume_keeps_to_it(config: dict[str, Any], tmp_path: Path) -> None:
    config["trainer"]["epochs"] = 4
    config["checkpoint"] = {"keep_last": 9}
    config["freeze"] = [{"match": ["*0.weight"], "until_epoch": 2}]
    straight = train(config, (), quiet(tmp_path / "a"))
    states = [load(path)[0]["model"] for path in list_checkpoints(tmp_path / "a" / "checkpoints")]
    name = next(name for name in states[0] if name.endswith("0.weight"))
    assert torch.equal(states[0][name], states[1][name])
    assert not torch.equal(states[1][name], states[3][name])
    assert stop_and_resume(config, tmp_path / "b").weights_sha256 == straight.weights_sha256


def test_training_metrics_are_averaged_over_the_epoch_and_can_be_monitored(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config["evaluate"] = {"train_metrics": True}
    config["trainer"]["monitor"] = "max accuracy"
    straight = train(config, (), quiet(tmp_path / "a"))
    assert 0 < straight.metrics["accuracy"] < 1
    resumed = stop_and_resume(config, tmp_path / "b")
    assert resumed.metrics == straight.metrics


@pytest.mark.parametrize(
    "schedule",
    [
        {"type": "plateau", "args": {"metric": "val_loss", "patience": 0, "factor": 0.5, "threshold": 10.0}},
        {"type": "ReduceLROnPlateau", "args": {"patience": 0, "factor": 0.5, "threshold": 10.0}},
        {"type": "StepLR", "args": {"step_size": 1, "gamma": 0.5}},
        {"type": "exponential", "args": {"gamma": 0.5}},
        {"type": "one_cycle", "args": {}},
    ],
    ids=lambda schedule: schedule["type"],
)
def test_schedules_of_ours_and_of_torch_run_and_resume_exactly(
    config: dict[str, Any], tmp_path: Path, schedule: dict[str, Any]
) -> None:
    config["lr_scheduler"] = schedule
    straight = train(config, (), quiet(tmp_path / "a"))
    rates = [event["lr"] for event in epochs(tmp_path / "a")]
    assert rates[-1] < max(0.003, *rates[:-1])
    assert stop_and_resume(config, tmp_path / "b").weights_sha256 == straight.weights_sha256


def test_parameter_groups_have_rates_of_their_own(config: dict[str, Any], tmp_path: Path) -> None:
    config["optimizer"]["groups"] = [{"match": "*0.weight", "lr": 0.0}]
    config["checkpoint"] = {"keep_last": 9}
    train(config, (), quiet(tmp_path / "run"))
    states = [load(path)[0]["model"] for path in list_checkpoints(tmp_path / "run" / "checkpoints")]
    fixed = [name for name in states[0] if torch.equal(states[0][name], states[-1][name])]
    assert len(fixed) == 1
    assert fixed[0].endswith("0.weight")


def test_stated_epochs_go_on_through_the_data_without_a_break(config: dict[str, Any], tmp_path: Path) -> None:
    config["trainer"] = {"epochs": 3, "steps_per_epoch": 4}
    straight = train(config, (), quiet(tmp_path / "a"))
    assert straight.step == 12
    assert stop_and_resume(config, tmp_path / "b").weights_sha256 == straight.weights_sha256


PROJECT = """
import torch
from seedbed.loop import Step


def update(state, batch):
    state.optimizer.zero_grad()
    outcome = state.objective(state.model, batch)
    outcome.loss.backward()
    state.optimizer.step()
    return Step(outcome.loss.detach(), {"doubled": 2 * outcome.loss.detach()})


class Tiny(torch.nn.Module):
    def __init__(self, width: int = 8):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, 10))

    def forward(self, x):
        return self.layers(x)


class Poisoned(Tiny):
    calls = 0

    def forward(self, x):
        y = super().forward(x)
        if self.training:
            Poisoned.calls += 1
            if Poisoned.calls == 7:
                y = y * float("nan")
        return y


class NoDeterminism(Tiny):
    def forward(self, x):
        y = super().forward(x)
        return y + torch.zeros(10).put_(torch.zeros(2, dtype=torch.long), torch.ones(2), accumulate=False).sum() * 0
"""


@pytest.fixture
def project(tmp_path: Path, config: dict[str, Any]) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "model.py").write_text(PROJECT)
    return folder


def write(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def test_a_projects_own_model_and_update_are_used_and_resume_exactly(
    project: Path, config: dict[str, Any], tmp_path: Path
) -> None:
    config["model"] = {"type": "Tiny", "args": {"width": 12}}
    plain = train(write(project, config), (), quiet(tmp_path / "plain"))
    config["trainer"]["train_step"] = "update"
    path = write(project, config)
    own = train(path, (), quiet(tmp_path / "own"))
    assert own.weights_sha256 == plain.weights_sha256
    first = next(event for event in read_events(tmp_path / "own" / "events.jsonl") if event["event"] == "step")
    assert first["scalars"]["doubled"] == pytest.approx(2 * first["loss"])


@pytest.mark.parametrize(("policy", "skipped"), [("skip", True), ("rewind", True)])
def test_an_update_that_is_not_finite_can_be_left_out(
    project: Path, config: dict[str, Any], tmp_path: Path, policy: str, skipped: bool
) -> None:
    config["model"] = {"type": "Poisoned"}
    config["checkpoint"] = {"every_steps": 2}
    config["trainer"]["non_finite"] = policy
    result = train(write(project, config), (), Options(out=tmp_path / "run", console="silent", probe=False))
    assert result.status == "finished"
    assert math.isfinite(result.metrics["val_loss"])
    state, _ = load(list_checkpoints(tmp_path / "run" / "checkpoints")[-1])
    assert state["counters"]["skipped"] == int(skipped)


def test_an_operation_without_a_deterministic_form_is_named_with_the_cure(
    project: Path, config: dict[str, Any], tmp_path: Path
) -> None:
    config["model"] = {"type": "NoDeterminism"}
    path = write(project, config)
    with pytest.raises(TrainingError, match=r"model\.py:\d+.*put_.*trainer\.deterministic=false"):
        train(path, (), quiet(tmp_path / "run"))
    assert train(path, ["trainer.deterministic=false"], quiet(tmp_path / "other")).status == "finished"


def test_a_mistake_in_a_model_is_one_sentence_with_its_line(
    project: Path, config: dict[str, Any], tmp_path: Path
) -> None:
    (project / "model.py").write_text(PROJECT.replace("self.layers(x)", "self.layers(x[:, :10])"))
    config["model"] = {"type": "Tiny"}
    with pytest.raises(TrainingError, match=r"model\.py:\d+ in forward: RuntimeError: mat1 and mat2"):
        train(write(project, config), (), quiet(tmp_path / "run"))
    assert "Traceback" in (tmp_path / "run" / "error.log").read_text()


def test_several_mistakes_in_a_config_are_told_at_once(config: dict[str, Any]) -> None:
    config["model"]["args"]["hiden"] = [3]
    config["optimizer"]["args"]["weight_deacy"] = 0.1
    config["trainer"]["epoch"] = 3
    with pytest.raises(ConfigError) as caught:
        train(config, (), Options(console="silent"))
    for text in ("hidden", "weight_decay", "epochs"):
        assert text in str(caught.value)


def test_a_run_is_evaluated_again_with_its_best_weights_and_its_own_normalizer(
    config: dict[str, Any], tmp_path: Path
) -> None:
    result = train(config, (), quiet(tmp_path / "run"))
    again = evaluate_run(tmp_path / "run")
    assert again["metrics"]["loss"] == result.metrics["test_loss"]
    assert evaluate_run(tmp_path / "run", split="train")["metrics"]["accuracy"] > 0.5


def test_fit_trains_a_model_of_ones_own_in_place(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 5, generator=generator)
    y = (x[:, 0] > x[:, 1]).long()
    model = torch.nn.Linear(5, 2)
    before = model.weight.detach().clone()
    result = sb.fit(
        model, (x, y), val=0.2, metrics=["accuracy"], optimizer=sb.AdamW(lr=0.05), epochs=8, ema=0.9, seed=3,
        console="silent", out=tmp_path / "run", lr_scheduler="cosine", normalize="zscore",
    )  # fmt: skip
    assert result.metrics["val_accuracy"] > 0.9
    assert not torch.equal(model.weight, before)


def test_pieces_work_in_a_loop_of_ones_own(tmp_path: Path) -> None:
    def run(stop: int, start: bool) -> dict[str, torch.Tensor]:
        sb.seed_everything(4)
        model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        ema = sb.EMA(model, decay=0.9)
        done = sb.load(tmp_path / "ckpt", model=model, optimizer=optimizer, ema=ema) if start else {}
        for step in range(done.get("step", 0) + 1, stop + 1):
            optimizer.zero_grad()
            model(torch.randn(16, 3)).square().mean().backward()
            optimizer.step()
            ema.update(model)
            if step == 5 and not start:
                sb.save(tmp_path / "ckpt", step=step, model=model, optimizer=optimizer, ema=ema, note="half way")
        return {**model.state_dict(), **{f"ema.{k}": v for k, v in ema.module.state_dict().items()}}

    straight = run(10, start=False)
    resumed = run(10, start=True)
    assert all(torch.equal(straight[name], tensor) for name, tensor in resumed.items())
