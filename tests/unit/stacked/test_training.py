"""Seeds trained together give what each gives alone: in double precision the same to 9 digits, whatever the config."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.checkpoint.store import list_checkpoints, load_newest
from seedbed.errors import ConfigError, TrainingError
from seedbed.result import Options, Result
from seedbed.run import load_source, resume, train
from seedbed.rundir import RunDir, read_events
from seedbed.seeds import study_seeds
from seedbed.speed.tapes import Tapes
from seedbed.stacked.stack import Stack
from seedbed.stacked.training import built, is_stacked, train_stacked

SEEDS = (3, 4, 5)
MLP = "model.args.hidden=[10,6]"
CLOCKS = {"time", "seconds", "samples_per_second", "run", "weights_sha256", "path"}


def options(folder: Path, **more: Any) -> Options:
    return Options(root=folder, console="silent", **more)


def stack(project: Path, overrides: Sequence[str], folder: Path, **more: Any) -> list[Result] | str:
    loaded = [load_source(project, [*overrides, f"seed={seed}"]) for seed in SEEDS]
    return train_stacked(loaded, [RunDir(folder / f"seed-{seed}") for seed in SEEDS], options(folder, **more))


def single(project: Path, overrides: Sequence[str], folder: Path, seed: int) -> Result:
    return train(project, [*overrides, f"seed={seed}"], options(folder, out=folder / f"seed-{seed}"))


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}/{key}")
    elif isinstance(tree, list | tuple):
        for number, value in enumerate(tree):
            yield from leaves(value, f"{path}/{number}")
    else:
        yield path, tree


def assert_same(stacked: Any, alone: Any, tolerance: float = 1e-9) -> None:
    """Equal trees: floats to the tolerance, everything else (counters, random generators) exactly."""
    ours, theirs = dict(leaves(stacked)), dict(leaves(alone))
    assert ours.keys() == theirs.keys()
    for path, value in ours.items():
        other = theirs[path]
        if path.rpartition("/")[2] in CLOCKS or path.startswith("/memory/trace/chain") or path == "/memory/events":
            continue
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            torch.testing.assert_close(value, other, rtol=tolerance, atol=tolerance, msg=lambda m, path=path: path + m)
        elif isinstance(value, torch.Tensor):
            assert torch.equal(value, other), path
        elif isinstance(value, float):
            assert value == pytest.approx(other, rel=tolerance, abs=tolerance, nan_ok=True), path
        else:
            assert value == other, path


def assert_same_run(ours: Path, alone: Path, tolerance: float = 1e-9) -> None:
    """The newest checkpoint and every event but the probes'."""
    states = [load_newest(folder / "checkpoints") for folder in (ours, alone)]
    assert states[0] is not None
    assert states[1] is not None
    assert_same(states[0][0], states[1][0], tolerance)
    logs = [[e for e in read_events(folder / "events.jsonl") if e["event"] != "finding"] for folder in (ours, alone)]
    assert_same(logs[0], logs[1], tolerance)
    kept = [[path.name for path in list_checkpoints(folder / "checkpoints")] for folder in (ours, alone)]
    assert kept[0] == kept[1]


SCENARIOS = {
    "plain AdamW with an odd last batch": [],
    "SGD": ["optimizer.type=SGD", 'optimizer.args={"lr":0.1}'],
    "SGD with momentum": ["optimizer.type=SGD", 'optimizer.args={"lr":0.1,"momentum":0.9,"nesterov":true}'],
    "Adam": ["optimizer.type=Adam", 'optimizer.args={"lr":0.01}'],
    "Adam, not fused": ["optimizer.type=Adam", 'optimizer.args={"lr":0.01,"amsgrad":true,"foreach":true}'],
    "RMSprop": ["optimizer.type=RMSprop", 'optimizer.args={"lr":0.01,"momentum":0.5,"centered":true}'],
    "Adagrad": ["optimizer.type=Adagrad", 'optimizer.args={"lr":0.05}'],
    "Adadelta": ["optimizer.type=Adadelta", 'optimizer.args={"lr":1.0}'],
    "Adamax": ["optimizer.type=Adamax", 'optimizer.args={"lr":0.01}'],
    "NAdam": ["optimizer.type=NAdam", 'optimizer.args={"lr":0.01}'],
    "RAdam": ["optimizer.type=RAdam", 'optimizer.args={"lr":0.01}'],
    "groups": ['optimizer.groups=[{"match":"mlp.layers.0.*","lr":0.001}]'],
    "clipping by norm": ["trainer.clip_norm=0.3"],
    "clipping by value and norm": ["trainer.clip_norm=0.3", "trainer.clip_value=0.02"],
    "accumulation": ["trainer.accumulate=3", "trainer.clip_norm=0.5"],
    "EMA": ['ema={"decay":0.9,"power":0.75,"start_step":2}'],
    "a schedule": ['lr_scheduler={"type":"cosine","args":{"warmup_steps":3}}'],
    "dropout": ["model.args.dropout=0.3", MLP, "trainer.accumulate=2"],
    "layer norm": ["model.args.norm=layer", MLP],
    "batch norm": ["model.args.norm=batch", MLP, "trainer.accumulate=2"],
    "batch norm, its average and updates that are skipped": [
        *('model={"type":"doubled.Broken","args":{"norm":"batch"}}', "trainer.non_finite=skip", 'ema={"decay":0.9}'),
    ],
    "batch norm over images": ['model={"type":"doubled.Pictures","args":{"norm":true}}', 'ema={"decay":0.8}'],
    "training metrics": ["evaluate.train_metrics=true", "evaluate.every_steps=3"],
    "label smoothing": ["objective.args.label_smoothing=0.1"],
    "class weights": ["objective.args.class_weights=[0.3,0.7]", "trainer.accumulate=2"],
    "frozen weights": ['freeze=[{"match":["mlp.layers.0.*"]}]'],
    "logged gradients": ["tracking.gradients=true", "trainer.clip_norm=0.5"],
    "convolutions and a layer used twice": ["model.type=doubled.Pictures"],
    "a noise on the inputs": ['data.args.transforms=[{"type":"gaussian_noise","args":{"std":0.1}}]'],
    "epochs of a fixed length": ["trainer.steps_per_epoch=3", "trainer.steps=8", "checkpoint.every_steps=2"],
    "early stops at different epochs": ["trainer.epochs=12", "trainer.early_stop=0", "optimizer.args.lr=0.1"],
    "updates that are skipped": ['model={"type":"doubled.Broken"}', "trainer.non_finite=skip"],
    "updates that are gone back from": [
        'model={"type":"doubled.Broken","args":{"limit":2.9}}',
        *("trainer.non_finite=rewind", "checkpoint.every_steps=1"),
    ],
}


@pytest.mark.parametrize("overrides", SCENARIOS.values(), ids=SCENARIOS)
def test_each_seed_of_a_stack_ends_as_it_does_alone(project: Path, tmp_path: Path, overrides: list[str]) -> None:
    results = stack(project, overrides, tmp_path / "stack")
    assert not isinstance(results, str), results
    assert len({result.weights_sha256 for result in results}) == len(SEEDS)
    for seed, result in list(zip(SEEDS, results, strict=True))[::2]:
        alone = single(project, overrides, tmp_path / "alone", seed)
        assert (result.status, result.step, result.epoch) == (alone.status, alone.step, alone.epoch)
        assert_same([result.metrics, result.best], [alone.metrics, alone.best])
        assert_same_run(tmp_path / "stack" / f"seed-{seed}", tmp_path / "alone" / f"seed-{seed}")


FLOATS = 'model={"type":"MLP","args":{"in_features":16,"hidden":[12],"out_features":2,"norm":"batch","dropout":0.3}}'
RECORDED = {
    "dropout and batch norm, clipped": [FLOATS, "trainer.clip_norm=0.5"],
    "images and an average": ['model={"type":"doubled.Pictures","args":{"norm":true}}', 'ema={"decay":0.8}'],
    "layer norm by SGD": [FLOATS, "model.args.norm=layer", "optimizer.type=SGD", 'optimizer.args={"lr":0.1}'],
}


@pytest.mark.parametrize("scenario", RECORDED.values(), ids=RECORDED)
def test_a_replayed_stack_gives_the_bits_of_one_that_is_not(
    project: Path, tmp_path: Path, scenario: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replays: list[Tapes] = []
    run = Tapes.run

    def counted(its: Tapes, tensors: Any, tape: Any) -> Any:
        replays.append(its)
        return run(its, tensors, tape)

    monkeypatch.setattr(Tapes, "run", counted)
    overrides = [*scenario, "trainer.epochs=3", "evaluate.train_metrics=true"]
    ours = stack(project, overrides, tmp_path / "replayed")
    assert len(replays) > 5
    replays.clear()
    plain = stack(project, [*overrides, "trainer.recorded=false"], tmp_path / "plain")
    assert not replays
    assert not isinstance(ours, str)
    assert not isinstance(plain, str)
    assert [r.weights_sha256 for r in ours] == [r.weights_sha256 for r in plain]
    assert [r.metrics for r in ours] == [r.metrics for r in plain]


def test_an_objective_whose_code_is_not_read_is_not_replayed(project: Path, tmp_path: Path) -> None:
    class Plain:
        """An objective that is no module."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

    loaded = [load_source(project, [FLOATS, f"seed={seed}"]) for seed in SEEDS]
    with built(loaded, [RunDir(tmp_path / str(seed)) for seed in SEEDS], options(tmp_path)) as members:
        assert Stack(members).tapes is not None
        for member in members:
            member.state.objective = Plain(member.state.objective)  # type: ignore[assignment]
        assert Stack(members).tapes is None


def test_seeds_that_cannot_be_evaluated_together_are_evaluated_alone_and_the_log_says_so(
    project: Path, tmp_path: Path
) -> None:
    overrides = ["model.args.odd=decides later"]
    results = stack(project, overrides, tmp_path / "stack")
    assert not isinstance(results, str), results
    assert_same(results[2].metrics, single(project, overrides, tmp_path / "alone", SEEDS[2]).metrics)
    said = [event["text"] for event in read_events(RunDir(tmp_path / "stack" / "seed-3").events) if "text" in event]
    assert [text for text in said if text.startswith("the seeds are evaluated one by one: an operation")]


REASONS = {
    "running statistics": ["model.type=doubled.Instances"],
    "changes the buffer seen": ["model.args.odd=counts"],
    "can't be made for all seeds at once": ["model.args.odd=decides"],
    "random": ["model.args.odd=draws"],
    "optimizer Adafactor": ["optimizer.type=Adafactor", 'optimizer.args={"lr":0.01}'],
    "schedule Plateau": ['lr_scheduler={"type":"plateau"}'],
    "schedule TorchSchedule": ['lr_scheduler={"type":"StepLR","args":{"step_size":1}}'],
    "trainer.speed=auto": ["trainer.speed=auto"],
    "precision bf16": ["trainer.precision=bf16"],
    "channels-last": ["trainer.channels_last=true"],
    "unfrozen at an epoch": ['freeze=[{"match":["mlp.layers.0.*"],"until_epoch":1}]'],
}


@pytest.mark.parametrize(("reason", "overrides"), REASONS.items(), ids=REASONS)
def test_what_cannot_be_stacked_is_said_and_nothing_is_written(
    project: Path, tmp_path: Path, reason: str, overrides: list[str]
) -> None:
    found = stack(project, overrides, tmp_path / "stack")
    assert isinstance(found, str)
    assert reason in found
    assert not (tmp_path / "stack").exists()


def test_a_study_that_cannot_be_stacked_is_made_one_after_another_with_the_bits_of_single_runs(
    project: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    overrides = ["model.type=doubled.Instances", "trainer.epochs=1"]
    found = study_seeds(project, overrides, n=2, stack=True, options=options(tmp_path / "a"), say=said.append)
    assert said[0].startswith("not stacked: running statistics")
    run = RunDir(Path(found.first.folder) / "seed-4")
    assert not is_stacked(run)
    alone = single(project, overrides, tmp_path / "b", 4)
    (end,) = [event for event in read_events(run.events) if event["event"] == "end"]
    assert end["weights_sha256"] == alone.weights_sha256


def test_a_stopped_stack_goes_on_to_the_same_bits(project: Path, tmp_path: Path) -> None:
    overrides = ["model.args.dropout=0.3", 'ema={"decay":0.9}', "trainer.clip_norm=0.5"]
    whole = stack(project, overrides, tmp_path / "whole")
    for stop in (2, 7):
        stopped = stack(project, overrides, tmp_path / "parts", stop_after=stop)
        assert [result.status for result in stopped if isinstance(result, Result)] == ["interrupted"] * 3
    parts = stack(project, overrides, tmp_path / "parts")
    assert [r.weights_sha256 for r in parts if isinstance(r, Result)] == [
        r.weights_sha256 for r in whole if isinstance(r, Result)
    ]
    for seed in SEEDS:
        assert (tmp_path / "parts" / f"seed-{seed}" / "trace.bin").read_bytes() == (
            tmp_path / "whole" / f"seed-{seed}" / "trace.bin"
        ).read_bytes()


def test_a_member_that_was_killed_earlier_than_the_others_catches_up(project: Path, tmp_path: Path) -> None:
    stack(project, [], tmp_path / "whole")
    stack(project, [], tmp_path / "parts", stop_after=11)
    newest = list_checkpoints(tmp_path / "parts" / "seed-4" / "checkpoints")
    shutil.rmtree(newest[-1])
    (left, *_) = [load_newest(tmp_path / "parts" / f"seed-{seed}" / "checkpoints") for seed in (4, 3)]
    assert left is not None
    assert left[1].step == 4
    stack(project, [], tmp_path / "parts")
    for seed in SEEDS:
        states = [load_newest(tmp_path / name / f"seed-{seed}" / "checkpoints") for name in ("whole", "parts")]
        assert states[0] is not None
        assert states[1] is not None
        assert_same(states[0][0], states[1][0])


def test_a_loss_that_is_not_finite_ends_the_stack_and_the_others_keep_what_they_have(
    project: Path, tmp_path: Path
) -> None:
    overrides = ['model={"type":"doubled.Broken"}', "checkpoint.every_epochs=null", "trainer.monitor=off"]
    with pytest.raises(TrainingError, match="the loss is nan"):
        stack(project, overrides, tmp_path / "stack")
    steps = []
    for seed in SEEDS:
        found = load_newest(tmp_path / "stack" / f"seed-{seed}" / "checkpoints")
        steps.append(0 if found is None else found[1].step)
    assert sorted(steps)[1] == sorted(steps)[2] > 0


def test_a_stacked_run_says_so_and_does_not_go_on_as_a_single_one(project: Path, tmp_path: Path) -> None:
    study = study_seeds(project, [], n=2, stack=True, options=options(tmp_path / "runs", stop_after=3))
    assert study.interrupted
    run = RunDir(Path(study.first.folder) / "seed-3")
    manifest = json.loads(run.manifest.read_text())
    assert manifest["fingerprint"]["stacked"] is True
    assert manifest["stack"]["tolerance"] == pytest.approx(1e-4)
    stack_again = study_seeds(project, [], n=2, stack=True, options=options(tmp_path / "runs", stop_after=6))
    assert stack_again.interrupted
    with pytest.raises(ConfigError, match="begun in a stack"):
        study_seeds(project, [], n=2, options=options(tmp_path / "runs"))
    found = load_newest(run.checkpoints)
    assert found is not None
    with pytest.raises(Exception, match="stacked was True, is absent"):
        resume(run.path, options=options(tmp_path / "runs"))
    done = study_seeds(project, [], n=2, stack=True, options=options(tmp_path / "runs"))
    again = study_seeds(project, [], n=2, options=options(tmp_path / "runs"))
    assert done.first.metrics == again.first.metrics
    assert math.isfinite(done.first.metrics[0]["val_loss"])
