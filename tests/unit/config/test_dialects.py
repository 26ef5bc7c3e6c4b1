"""pytorch-template and Hydra configs mean here what they meant there; what changes is said."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from seedbed.config.dump import dump
from seedbed.config.load import LoadedConfig, load_config
from seedbed.errors import ConfigError

TEMPLATE: dict[str, Any] = {
    "name": "Mnist_LeNet",
    "n_gpu": 1,
    "arch": {"type": "MnistModel", "args": {}},
    "data_loader": {"type": "MnistDataLoader", "args": {"data_dir": "data/", "batch_size": 128, "shuffle": True,
                                                        "validation_split": 0.1, "num_workers": 2}},
    "optimizer": {"type": "Adam", "args": {"lr": 0.001, "weight_decay": 0, "amsgrad": True}},
    "loss": "nll_loss",
    "metrics": ["accuracy", "top_k_acc"],
    "lr_scheduler": {"type": "StepLR", "args": {"step_size": 50, "gamma": 0.1}},
    "trainer": {"epochs": 100, "save_dir": "saved/", "save_period": 1, "verbosity": 2, "monitor": "min val_loss",
                "early_stop": 10, "tensorboard": True},
}  # fmt: skip


def load(changes: dict[str, Any] | None = None, *overrides: str) -> LoadedConfig:
    """The template's config with values set at dotted paths; ``...`` removes one."""
    values = copy.deepcopy(TEMPLATE)
    for path, value in (changes or {}).items():
        node = values
        *parents, last = path.split(".")
        for key in parents:
            node = node[key]
        if value is ...:
            del node[last]
        else:
            node[last] = value
    return load_config(values, overrides)


def test_a_template_config_is_read_whole() -> None:
    loaded = load()
    config = loaded.config
    assert (config.name, config.seed) == ("Mnist_LeNet", 123)
    assert config.model.type == "MnistModel"
    assert (config.data.type, config.data.args) == ("MnistDataLoader", TEMPLATE["data_loader"]["args"])
    assert config.objective.type == "Functional"
    assert config.objective.args == {"loss": "nll_loss", "metrics": ["accuracy", "top_k_acc"]}
    assert config.model_dump()["optimizer"]["args"] == TEMPLATE["optimizer"]["args"]
    assert config.lr_scheduler is not None
    assert (config.lr_scheduler.type, config.lr_scheduler.interval) == ("StepLR", "epoch")
    assert (config.trainer.epochs, config.trainer.monitor, config.trainer.early_stop) == (100, "min val_loss", 10)
    assert (config.checkpoint.every_epochs, config.checkpoint.keep_every_epochs) == (1, 1)
    assert config.tracking.tensorboard is True
    assert loaded.run_root == Path("saved")


def test_every_parameter_decays_as_it_did_there() -> None:
    assert load().config.model_dump()["optimizer"]["decay_all"] is True


def test_the_monitor_is_off_unless_it_is_asked_for() -> None:
    loaded = load({"trainer.monitor": ..., "trainer.early_stop": ...})
    assert loaded.config.trainer.monitor == "off"
    assert str(loaded.origins["trainer.monitor"]) == "pytorch-template default"


def test_an_early_stop_without_a_monitor_does_nothing_and_says_so() -> None:
    loaded = load({"trainer.monitor": "off"})
    assert loaded.config.trainer.early_stop is None
    assert any("early_stop is ignored because trainer.monitor is off" in note for note in loaded.notes)


def test_an_early_stop_of_zero_means_never() -> None:
    assert load({"trainer.early_stop": 0}).config.trainer.early_stop is None


def test_a_seed_in_the_file_wins_over_theirs() -> None:
    assert load({"seed": 5}).config.seed == 5
    assert load({}, "seed=6").config.seed == 6


def test_save_freq_is_an_alias() -> None:
    loaded = load({"trainer.save_period": ..., "trainer.save_freq": 5})
    assert loaded.config.checkpoint.every_epochs == 5
    assert any("save_freq is read as trainer.save_period" in note for note in loaded.notes)


def test_the_older_tensorboard_key_is_read() -> None:
    assert load({"trainer.tensorboard": ..., "trainer.tensorboardX": True}).config.tracking.tensorboard is True


@pytest.mark.parametrize(("count", "device", "notes"), [(0, "cpu", 0), (1, "auto", 0), (2, "auto", 1)])
def test_the_number_of_gpus_becomes_a_device(count: int, device: str, notes: int) -> None:
    loaded = load({"n_gpu": count})
    assert loaded.config.trainer.device == device
    assert sum("n_gpu" in note for note in loaded.notes) == notes


def test_extra_keys_are_named_in_a_note() -> None:
    loaded = load({"visdom": True, "trainer.epoch": 3, "trainer.precision": "bf16", "ema": {"decay": 0.5}})
    notes = "\n".join(loaded.notes)
    assert "visdom is ignored" in notes
    assert "trainer.epoch is ignored; did you mean trainer.epochs?" in notes
    assert "trainer.verbosity is ignored" in notes
    assert loaded.config.trainer.precision == "bf16"
    assert loaded.config.ema is not None


def test_no_schedule_and_no_metrics_are_fine() -> None:
    config = load({"lr_scheduler": ..., "metrics": ...}).config
    assert config.lr_scheduler is None
    assert config.objective.args == {"loss": "nll_loss"}


def test_overrides_may_speak_either_form() -> None:
    loaded = load({}, "arch.args.a=1", "model.args.b=2", "data_loader.args.batch_size=8", "data.args.num_workers=0",
                  "trainer.save_period=3", "trainer.precision=bf16", "optimizer.args.lr=0.5",
                  "loss=mse_loss")  # fmt: skip
    config = loaded.config
    assert config.model.args == {"a": 1, "b": 2}
    assert (config.data.args["batch_size"], config.data.args["num_workers"]) == (8, 0)
    assert (config.checkpoint.every_epochs, config.trainer.precision) == (3, "bf16")
    assert config.objective.args["loss"] == "mse_loss"
    for path in ("model.args.a", "model.args.b", "data.args.batch_size", "data.args.num_workers", "optimizer.args.lr",
                 "checkpoint.every_epochs", "objective.args.loss"):  # fmt: skip
        assert str(loaded.origins[path]) == "override"
    assert str(loaded.origins["data.args.shuffle"]) == "config"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": ...}, "config: loss: is missing — name the loss function"),
        ({"arch": ...}, "config: model: is missing"),
        (
            {"arch": "MnistModel"},
            'config: arch: must be a mapping, is text ("MnistModel") — write {"type": "MnistModel"}',
        ),
        ({"arch.type": ...}, "config: arch.type: is missing"),
        ({"data_loader.arg": {}}, "config: data_loader.arg: unknown key (value {}) — did you mean 'args'?"),
        ({"trainer.save_period": 0}, "trainer.save_period: must be at least 1, is 0"),
        ({"trainer.epochs": "100"}, "config: trainer.epochs: must be a whole number"),
        ({"trainer.tensorboard": 3}, "config: trainer.tensorboard: must be true, false or a mapping"),
        ({"trainer.save_dir": 3}, "config: trainer.save_dir: must be text, is 3"),
        ({"trainer.monitor": "val_loss"}, "config: trainer.monitor: is 'val_loss' — write 'min KEY'"),
        ({"trainer": 3}, "config: trainer: must be a mapping"),
        ({"n_gpu": "all"}, 'config: n_gpu: must be a whole number, is "all"'),
        ({"optimizer": 3}, "config: optimizer: must be a mapping"),
        ({"lr_scheduler": "StepLR"}, "config: lr_scheduler: must be a mapping"),
        ({"name": "a/b"}, "config: name: 'a/b' cannot be a folder name"),
    ],
)
def test_a_mistake_is_named_by_the_key_that_its_author_wrote(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(changes)
    assert message in str(caught.value)


@pytest.mark.parametrize("syntax", ["json", "yaml", "toml"])
def test_a_converted_config_means_the_same(tmp_path: Path, syntax: str) -> None:
    loaded = load()
    path = tmp_path / f"c.{syntax}"
    path.write_text(dump(loaded.tree.values, syntax))
    again = load_config(path)
    assert (again.config, again.notes) == (loaded.config, [])


HYDRA: dict[str, Any] = {
    "model": {"_target_": "torch.nn.Sequential", "inner": [{"_target_": "torch.nn.ReLU", "inplace": True}], "n": 3},
    "data": {"_target_": "my.Data", "batch_size": 4},
    "objective": {"type": "Classification"},
    "optimizer": {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": 0.1},
}


def test_a_hydra_config_becomes_type_and_args() -> None:
    config = load_config(HYDRA).config
    assert config.model.type == "torch.nn.Sequential"
    assert config.model.args == {"inner": [{"type": "torch.nn.ReLU", "args": {"inplace": True}}], "n": 3}
    assert config.model_dump()["optimizer"]["args"] == {"lr": 0.1}


def test_overrides_of_a_hydra_config_may_speak_either_form() -> None:
    loaded = load_config(
        HYDRA, ["model.n=4", "data.args.batch_size=5", "data.type=Other", "model.inner.0.inplace=false"]
    )
    config = loaded.config
    assert (config.model.args["n"], config.data.type, config.data.args) == (4, "Other", {"batch_size": 5})
    assert config.model.args["inner"][0]["args"] == {"inplace": False}
    assert str(loaded.origins["model.args.n"]) == "override"
    assert str(loaded.origins["optimizer.args.lr"]) == "config"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"defaults": ["_self_", {"model": "x"}]}, "config: defaults: configs are not composed from others here"),
        ({"data": {"_target_": "a.B", "n": "${model.n}"}}, "config: data.n: is an interpolation (${model.n})"),
        ({"data": {"_target_": 3}}, "config: data._target_: must be text, is a whole number (3)"),
        ({"data": {"_target_": "a.B", "_args_": [1]}}, "arguments by position are not supported — give them by name"),
    ],
)
def test_what_hydra_would_compute_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({**HYDRA, **changes})
    assert message in str(caught.value)


def test_hydras_own_section_is_ignored_with_a_note() -> None:
    assert load_config({**HYDRA, "hydra": {"run": {}}}).notes == ["config: the section hydra is ignored"]
