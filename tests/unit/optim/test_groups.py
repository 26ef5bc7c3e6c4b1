"""Who gets weight decay and a rate of its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from seedbed.errors import ConfigError
from seedbed.optim.groups import describe, has_sparse_gradients, parameter_groups, parameter_names


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, 2)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 3)
        self.out = nn.Linear(3, 7, bias=False)
        self.out.weight = self.embed.weight


def names(group: dict[str, Any]) -> list[str]:
    return [name for name, _ in group["params"]]


def test_norms_and_biases_get_no_weight_decay() -> None:
    decayed, spared = parameter_groups(Net(), lr=0.1, weight_decay=0.01)
    assert names(decayed) == ["body.0.weight", "head.weight"]
    assert names(spared) == ["body.0.bias", "body.1.weight", "body.1.bias", "head.bias"]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.01, 0.0)


def test_an_embedding_is_decayed_because_it_has_two_dimensions() -> None:
    (group,) = parameter_groups(Tied(), lr=0.1, weight_decay=0.01)
    assert group["weight_decay"] == 0.01


def test_without_weight_decay_there_is_one_group() -> None:
    assert len(parameter_groups(Net(), lr=0.1, weight_decay=0.0)) == 1
    assert len(parameter_groups(Net(), lr=0.1)) == 1


def test_decay_all_decays_everything_in_one_group() -> None:
    (group,) = parameter_groups(Net(), lr=0.1, weight_decay=0.01, decay_all=True)
    assert len(group["params"]) == 6


def test_the_first_group_that_matches_wins() -> None:
    rules = [{"match": "head.*", "lr": 0.5}, {"match": "*.bias", "lr": 0.2}]
    groups = parameter_groups(Net(), lr=0.1, groups=rules)
    rates = {name: group["lr"] for group in groups for name in names(group)}
    assert rates["head.bias"] == 0.5
    assert rates["body.0.bias"] == 0.2
    assert rates["body.0.weight"] == 0.1


def test_the_group_with_the_optimizers_own_rate_comes_first() -> None:
    groups = parameter_groups(Net(), lr=0.1, groups=[{"match": "body.*", "lr": 0.01}])
    assert [group["lr"] for group in groups] == [0.1, 0.01]


def test_groups_with_equal_options_are_merged() -> None:
    rules = [{"match": "head.weight", "lr": 0.5}, {"match": "body.0.weight", "lr": 0.5}]
    groups = parameter_groups(Net(), lr=0.1, groups=rules)
    assert len(groups) == 2
    assert sorted(names(groups[1])) == ["body.0.weight", "head.weight"]


def test_a_weight_decay_that_a_group_states_holds_for_its_biases_too() -> None:
    groups = parameter_groups(Net(), lr=0.1, weight_decay=0.01, groups=[{"match": "head.*", "weight_decay": 0.3}])
    decays = {name: group["weight_decay"] for group in groups for name in names(group)}
    assert decays["head.bias"] == decays["head.weight"] == 0.3
    assert decays["body.0.bias"] == 0.0


def test_a_group_that_states_only_a_rate_still_spares_biases() -> None:
    groups = parameter_groups(Net(), lr=0.1, weight_decay=0.01, groups=[{"match": "head.*", "lr": 0.3}])
    options = {name: (group["lr"], group["weight_decay"]) for group in groups for name in names(group)}
    assert options["head.weight"] == (0.3, 0.01)
    assert options["head.bias"] == (0.3, 0.0)


def test_frozen_parameters_are_left_out() -> None:
    net = Net()
    net.body.requires_grad_(False)
    taken = [name for group in parameter_groups(net, lr=0.1, weight_decay=0.1) for name in names(group)]
    assert taken == ["head.weight", "head.bias"]


def test_a_tied_parameter_is_taken_once_and_matches_by_either_name() -> None:
    (group,) = parameter_groups(Tied(), lr=0.1, groups=[{"match": "out.*", "lr": 0.5}])
    assert names(group) == ["embed.weight"]
    assert group["lr"] == 0.5
    assert [owned for owned, _ in parameter_names(Tied())] == [["embed.weight", "out.weight"]]


def test_params_takes_only_what_it_matches() -> None:
    (group,) = parameter_groups(Net(), params="head.*", lr=0.1)
    assert names(group) == ["head.weight", "head.bias"]


def test_a_pattern_that_matches_nothing_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'haed\.\*' matches no parameter; names are like head"):
        parameter_groups(Net(), lr=0.1, groups=[{"match": "haed.*", "lr": 1.0}])
    with pytest.raises(ConfigError, match=r"optimizer\.params: the pattern 'generator"):
        parameter_groups(Net(), params="generator.*", lr=0.1)


def test_a_group_that_is_hidden_by_an_earlier_one_is_an_error() -> None:
    with pytest.raises(ConfigError, match="reorder or drop it"):
        parameter_groups(Net(), lr=0.1, groups=[{"match": "*", "lr": 1.0}, {"match": "head.*", "lr": 2.0}])


@pytest.mark.parametrize(
    ("group", "message"),
    [({"match": "*", "weight_deacy": 1}, "did you mean 'weight_decay'"), ({"lr": 1}, "has no 'match'")],
)
def test_a_group_with_a_mistake_is_an_error(group: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parameter_groups(Net(), lr=0.1, groups=[group])


def test_a_model_that_is_all_frozen_has_nothing_to_train() -> None:
    with pytest.raises(ConfigError, match="all 6 parameters are frozen"):
        parameter_groups(Net().requires_grad_(False), lr=0.1)
    with pytest.raises(ConfigError, match="the model has no parameters"):
        parameter_groups(nn.ReLU(), lr=0.1)


def test_the_description_says_what_gets_no_weight_decay() -> None:
    groups = parameter_groups(Net(), lr=0.1, weight_decay=0.01)
    text = describe(groups)
    assert "no weight decay for body.0.bias, body.1.weight, body.1.bias, head.bias" in text
    assert "default: 2 tensors, 44 numbers, lr 0.1, weight_decay 0.01" in text
    assert describe(torch.optim.SGD(groups).param_groups) == text


def test_a_sparse_embedding_is_noticed() -> None:
    assert has_sparse_gradients(nn.Sequential(nn.Embedding(3, 2, sparse=True)))
    assert not has_sparse_gradients(Tied())


@given(
    patterns=st.lists(st.sampled_from(["*.weight", "*.bias", "head.*", "body.0.*", "*"]), max_size=3, unique=True),
    rates=st.lists(st.sampled_from([0.1, 0.2]), min_size=3, max_size=3),
    decay=st.sampled_from([None, 0.0, 0.1]),
)
def test_every_parameter_is_in_exactly_one_group_and_options_differ(
    patterns: list[str], rates: list[float], decay: float | None
) -> None:
    net = Net()
    rules = [{"match": p, "lr": r} for p, r in zip(patterns, rates, strict=False)]
    try:
        groups = parameter_groups(net, lr=0.1, weight_decay=decay, groups=rules)
    except ConfigError:
        assert len(patterns) > 1
        return
    taken = [id(p) for group in groups for _, p in group["params"]]
    assert sorted(taken) == sorted(id(p) for p in net.parameters())
    options = [(group["lr"], group.get("weight_decay")) for group in groups]
    assert len(set(options)) == len(options)
