# ruff: noqa: E501  (one mistake and its message on a line)
"""Bad configs and the message that each one gets; no traceback, all mistakes at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.config.check import ELSEWHERE, list_fields
from seedbed.config.load import load_config
from seedbed.config.tree import format_keys
from seedbed.errors import ConfigError

GOOD: dict[str, Any] = {
    "model": {"type": "LeNet"},
    "data": {"type": "MNIST"},
    "objective": {"type": "Classification"},
}
TOP = "known keys at the top: name, seed, model,"
SGD = {"type": "SGD"}

# (what is set in a good config, the whole message after "config: ", or the start of it before "…")
BAD: list[tuple[dict[str, Any], str]] = [
    # Keys that don't exist.
    ({"modle": {"type": "A"}}, "modle: unknown key (value {\"type\": \"A\"}) — did you mean 'model'?"),
    ({"trainer.epoch": 3}, "trainer.epoch: unknown key (value 3) — did you mean 'epochs'?"),
    ({"Trainer": {}}, "Trainer: unknown key (value {}) — did you mean 'trainer'?"),
    ({"epochs": 3}, "epochs: unknown key (value 3) — did you mean trainer.epochs?"),
    ({"precision": "bf16"}, 'precision: unknown key (value "bf16") — did you mean trainer.precision?'),
    ({"decay": 0.9}, "decay: unknown key (value 0.9) — did you mean ema.decay?"),
    ({"lr": 0.1}, "lr: unknown key (value 0.1) — did you mean optimizer.args.lr?"),
    ({"batch_size": 8}, "batch_size: unknown key (value 8) — did you mean data.args.batch_size?"),
    ({"trainer.lr": 0.1}, "trainer.lr: unknown key (value 0.1) — did you mean optimizer.args.lr?"),
    ({"trainer.max_epochs": 3}, "trainer.max_epochs: unknown key (value 3) — did you mean 'epochs'?"),
    ({"trainer.patience": 3}, "trainer.patience: unknown key (value 3) — did you mean trainer.early_stop?"),
    ({"trainer.gradient_clip_val": 1.0}, "trainer.gradient_clip_val: unknown key (value 1.0) — did you mean trainer.cl…"),
    ({"scheduler": {}}, "scheduler: unknown key (value {}) — did you mean 'lr_scheduler'?"),
    ({"loss": "mse"}, 'loss: unknown key (value "mse") — did you mean objective.args.loss?'),
    ({"dataset": "x"}, 'dataset: unknown key (value "x") — did you mean data?'),
    ({"every_epochs": 1}, "every_epochs: unknown key (value 1) — did you mean evaluate.every_epochs or checkpoint.ev…"),
    ({"qqq": None}, f"qqq: unknown key (value null) — {TOP}…"),
    ({"": 1}, f'"": unknown key (value 1) — {TOP}…'),
    ({"trainer.qqq": [1]}, "trainer.qqq: unknown key (value [1]) — known keys here: epochs, steps, steps_per_epoch,…"),
    ({"tracking.tensorboard": {"graf": True}}, "tracking.tensorboard.graf: unknown key (value true) — did you mean 'graph'?"),
    ({"model.hidden": 64}, "model.hidden: unknown key (value 64) — arguments go one level down: model.args.hidden"),
    ({"model.arg": {}}, "model.arg: unknown key (value {}) — did you mean 'args'?"),
    ({"optimizer": {"type": "SGD", "lr": 1}}, "optimizer.lr: unknown key (value 1) — arguments go one level down: opti…"),
    ({"optimizer": {"gen": {"type": "SGD", "lr": 1}}, "trainer.train_step": "step"},
     "optimizer.gen.lr: unknown key (value 1) — arguments go one level down: optimizer.gen.args.lr"),
    ({"freeze": [{"match": ["a"], "until": 2}]}, "freeze.0.until: unknown key (value 2) — did you mean 'until_epoch'?"),
    # Things that are missing.
    ({"model": ...}, 'model: is missing — add "model": {"type": …, "args": {…}}'),
    ({"model": {}}, 'model.type: is missing — name the part, for example {"type": "AdamW"}'),
    ({"freeze": [{}]}, 'freeze.0.match: is missing — add "match"'),
    ({"optimizer": {"args": {}}}, 'optimizer.type: is missing — name the part, for example {"type": "AdamW"}'),
    # Wrong types.
    ({"model": "LeNet"}, 'model: must be a mapping, is text ("LeNet") — write {"type": "LeNet"}'),
    ({"model": ["LeNet"]}, 'model: must be a mapping, is a list (["LeNet"]) — write a mapping with the keys type, args'),
    ({"model": None}, "model: must be a mapping, is null — leave it out for the defaults"),
    ({"model.type": 3}, 'model.type: must be text, is a whole number (3) — put it in quotes: "3"'),
    ({"model.type": None}, "model.type: must be text, is null"),
    ({"model.args": [1]}, "model.args: must be a mapping, is a list ([1])"),
    ({"model.args": None}, "model.args: must be a mapping, is null"),
    ({"optimizer": "AdamW"}, 'optimizer: must be a mapping, is text ("AdamW") — write {"type": "AdamW"}'),
    ({"optimizer": 5}, "optimizer: must be a mapping, is a whole number (5) — write a mapping with the keys type, args,…"),
    ({"optimizer": None}, "optimizer: must be a mapping, is null — leave it out for the defaults"),
    ({"trainer": 3}, "trainer: must be a mapping, is a whole number (3) — write a mapping with the keys epochs, steps,…"),
    ({"trainer": None}, "trainer: must be a mapping, is null — leave it out for the defaults"),
    ({"trainer.epochs": "10"}, 'trainer.epochs: must be a whole number, is text ("10") — remove the quotes'),
    ({"trainer.epochs": 10.0}, "trainer.epochs: must be a whole number, is a number (10.0) — write 10"),
    ({"trainer.epochs": 2.5}, "trainer.epochs: must be a whole number, is a number (2.5)"),
    ({"trainer.epochs": True}, "trainer.epochs: must be a whole number, is a boolean (true)"),
    ({"trainer.epochs": "many"}, 'trainer.epochs: must be a whole number, is text ("many")'),
    ({"trainer.epochs": [1]}, "trainer.epochs: must be a whole number, is a list ([1])"),
    ({"trainer.clip_norm": "1e-3"}, 'trainer.clip_norm: must be a number, is text ("1e-3") — remove the quotes'),
    ({"trainer.clip_norm": False}, "trainer.clip_norm: must be a number, is a boolean (false)"),
    ({"trainer.deterministic": "yes"}, 'trainer.deterministic: must be true or false, is text ("yes") — write true'),
    ({"trainer.deterministic": 0}, "trainer.deterministic: must be true or false, is a whole number (0) — write false"),
    ({"trainer.deterministic": "maybe"}, 'trainer.deterministic: must be true or false, is text ("maybe")'),
    ({"name": 3}, 'name: must be text, is a whole number (3) — put it in quotes: "3"'),
    ({"name": True}, 'name: must be text, is a boolean (true) — put it in quotes: "true"'),
    ({"seed": "abc"}, 'seed: must be a whole number, is text ("abc")'),
    ({"freeze": {"match": ["a"]}}, 'freeze: must be a list, is a mapping ({"match": ["a"]}) — write [{"match": ["a"]}]'),
    ({"freeze": [{"match": "a"}]}, 'freeze.0.match: must be a list, is text ("a") — write ["a"]'),
    ({"freeze": [{"match": ["a", 1]}]}, 'freeze.0.match.1: must be text, is a whole number (1) — put it in quotes: "1"'),
    ({"init.rename": {"a": 1}}, 'init.rename.a: must be text, is a whole number (1) — put it in quotes: "1"'),
    ({"init.rename": {"a.b": 1}}, 'init.rename."a.b": must be text, is a whole number (1) — put it in quotes: "1"'),
    ({"ema": 0.999}, "ema: must be a mapping, is a number (0.999) — write a mapping with the keys decay, power, start_step"),
    ({"ema": True}, "ema: must be a mapping, is a boolean (true) — write a mapping with the keys decay, power, start_step"),
    # Unions: one line each.
    ({"tracking.tensorboard": 3}, "tracking.tensorboard: must be true, false or a mapping, is a whole number (3)"),
    ({"tracking.tensorboard": "on"}, 'tracking.tensorboard: must be true, false or a mapping, is text ("on") — write true'),
    ({"tracking.wandb": None}, "tracking.wandb: must be true, false or a mapping, is null — write false"),
    ({"tracking.wandb": {"mode": "of"}}, 'tracking.wandb.mode: must be one of \'offline\', \'online\', is "of"…'),
    # Choices and limits.
    ({"trainer.precision": "bf-16"}, "trainer.precision: must be one of 'fp32', 'bf16', 'fp16', is \"bf-16\" — did you mean 'bf16'?"),
    ({"trainer.precision": 16}, "trainer.precision: must be one of 'fp32', 'bf16', 'fp16', is 16 — did you mean 'fp16'?"),
    ({"lr_scheduler": {"type": "cosine", "interval": "steps"}},
     "lr_scheduler.interval: must be one of 'step', 'epoch', is \"steps\" — did you mean 'step'?"),
    ({"trainer.epochs": 0}, "trainer.epochs: must be at least 1, is 0"),
    ({"trainer.clip_norm": 0}, "trainer.clip_norm: must be greater than 0, is 0"),
    ({"ema": {"decay": 1}}, "ema.decay: must be less than 1, is 1"),
    ({"ema": {"power": 1.5}}, "ema.power: must be at most 1, is 1.5"),
    ({"seed": -1}, "seed: must be at least 0, is -1"),
    ({"seed": 2**63}, "seed: must be less than 9223372036854775808, is 9223372036854775808"),
    ({"optimizer": {"type": "SGD", "groups": [{"match": "a", "lr": -1}]}}, "optimizer.groups.0.lr: must be at least 0, …"),
    # Relations.
    ({"name": "a/b"}, "name: 'a/b' cannot be a folder name; use letters, digits, '-', '_' and '.'"),
    ({"name": ""}, "name: '' cannot be a folder name…"),
    ({"name": ".."}, "name: '..' cannot be a folder name…"),
    ({"trainer.epochs": None}, "trainer.epochs: is null and so is trainer.steps — give one of them"),
    ({"trainer.monitor": "val_loss"}, "trainer.monitor: is 'val_loss' — write 'min KEY', 'max KEY', 'auto' or 'off'"),
    ({"trainer.monitor": "min "}, "trainer.monitor: is 'min ' — write…"),
    ({"trainer.monitor": "off", "trainer.early_stop": 3}, "trainer.early_stop: needs trainer.monitor, which is 'off' —…"),
    ({"evaluate.weights": "ema"}, "evaluate.weights: is 'ema' but there is no ema section — add \"ema\": {\"decay\": 0.999}"),
    ({"optimizer": {"a": SGD, "b": SGD}}, "optimizer: holds several, which need trainer.train_step, your own update fu…"),
    ({"trainer.train_step": "s", "trainer.accumulate": 2}, "trainer.accumulate: must be 1 with a custom trainer.train_st…"),
]  # fmt: skip


def make(changes: dict[str, Any]) -> dict[str, Any]:
    """The good config with values set at dotted paths; ``...`` removes one."""
    values = copy.deepcopy(GOOD)
    for path, value in changes.items():
        node = values
        *parents, last = path.split(".")
        for key in parents:
            node = node.setdefault(key, {})
        if value is ...:
            del node[last]
        else:
            node[last] = value
    return values


def message_of(values: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    return str(caught.value)


def test_the_table_is_long_enough() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize(("changes", "message"), BAD, ids=[message.split(":")[0] or "empty" for _, message in BAD])
def test_a_bad_config_gets_its_message(changes: dict[str, Any], message: str) -> None:
    found = message_of(make(changes))
    if message.endswith("…") and not message.endswith("{…}}"):
        assert found.startswith("config: " + message[:-1])
    else:
        assert found == "config: " + message
    assert "\n" not in found
    for jargon in ("Input should", "Extra inputs", "Field required", "Value error", "pydantic", "extra_forbidden"):
        assert jargon not in found


def test_all_mistakes_come_at_once() -> None:
    found = message_of(make({"epochs": 1, "trainer.epochs": "x", "ema": {"decay": 2}, "model": 3, "seed": -1}))
    assert found.startswith("5 mistakes in the config:\n")
    assert [line.split(": ")[1] for line in found.split("\n")[1:]] == [
        "seed",
        "model",
        "ema.decay",
        "trainer.epochs",
        "epochs",
    ]


def test_all_relations_come_at_once() -> None:
    found = message_of(make({"trainer.epochs": None, "trainer.monitor": "x", "evaluate.weights": "ema"}))
    assert found.startswith("3 mistakes")


def test_what_a_caller_finds_in_the_tree_is_reported_with_the_rest() -> None:
    from seedbed.config.tree import Problem

    with pytest.raises(ConfigError) as caught:
        load_config(make({"seed": -1}), verify=lambda tree: [Problem(("model", "args", "x"), "is odd", "make it even")])
    assert "config: seed: must be at least 0, is -1" in str(caught.value)
    assert "config: model.args.x: is odd — make it even" in str(caught.value)


def test_a_message_names_the_file_and_line_or_the_override(tmp_path: Any) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("model: {type: A}\ndata: {type: B}\nobjective: {type: C}\ntrainer:\n  epochs: 0\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["seed=x"])
    lines = str(caught.value).split("\n")
    assert lines[1] == '  override: seed: must be a whole number, is text ("x")'
    assert lines[2] == f"  {path}:5: trainer.epochs: must be at least 1, is 0"


def test_a_good_config_is_accepted() -> None:
    config = load_config(
        make(
            {
                "optimizer": {"a": SGD, "b": {"type": "Adam", "params": "head.*"}},
                "trainer.train_step": "step",
                "trainer.clip_norm": 1,
                "tracking.tensorboard": {"graph": False},
                "tracking.wandb": True,
                "ema": {"decay": 0.5},
                "lr_scheduler": None,
            }
        )
    ).config
    assert isinstance(config.optimizer, dict)
    assert config.trainer.clip_norm == 1.0


PARENTS = sorted({(), ("trainer",), ("ema",), ("evaluate",), ("checkpoint",), ("tracking",), ("init",), ("model",)})


@settings(max_examples=60)
@given(
    st.sampled_from(PARENTS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    st.none() | st.integers() | st.text("ab") | st.lists(st.integers(), max_size=2) | st.just({"type": "x"}),
)
def test_an_unknown_key_is_always_reported_with_its_path(parent: tuple[str, ...], key: str, value: Any) -> None:
    known = {path.rpartition(".")[2] for path in list_fields() if path.rpartition(".")[0] == ".".join(parent)}
    if key in known or key in {"arch", "data_loader", "defaults", "_target_"}:
        return
    values = copy.deepcopy(GOOD)
    node = values
    for name in parent:
        node = node.setdefault(name, {})
    node[key] = value
    assert message_of(values).startswith(f"config: {format_keys((*parent, key))}: unknown key (value ")


@settings(max_examples=60)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["type", "args", "match", "decay", "epochs", "x", "_target_"]), inner, max_size=3),
                    max_leaves=8), st.sampled_from(list_fields()))  # fmt: skip
def test_any_value_anywhere_is_accepted_or_refused_with_its_path(value: Any, path: str) -> None:
    values = make({})
    node: Any = values
    *parents, last = path.split(".")
    for key in parents:
        node = node.setdefault(key, {})
        if key == "optimizer" or key == "lr_scheduler":
            node.setdefault("type", "x")
    node[last] = value
    text = "config: "
    try:
        load_config(values)
    except ConfigError as error:
        text = str(error)
    assert "config: " in text
    assert not any(jargon in text for jargon in ("Input should", "Field required", "Value error", "[str,"))


def test_every_place_that_a_hint_names_exists() -> None:
    fields = set(list_fields())
    for path in ELSEWHERE.values():
        assert path in fields or path.rpartition(".")[0] in fields
