"""Any optimizer of torch, in its fused form where there is one."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import nn

from seedbed.errors import ConfigError
from seedbed.optim.groups import parameter_groups
from seedbed.optim.optimizers import build_optimizer, can_fuse, default_option

FUSED: list[tuple[type[torch.optim.Optimizer], dict[str, Any]]] = [
    (torch.optim.Adam, {"lr": 0.01, "betas": [0.8, 0.99]}),
    (torch.optim.Adam, {"lr": 0.01, "amsgrad": True, "weight_decay": 0.1}),
    (torch.optim.AdamW, {"lr": 0.01}),
    (torch.optim.SGD, {"lr": 0.1}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    (torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.01}),
]
OTHERS: list[type[torch.optim.Optimizer]] = [
    torch.optim.Adadelta,
    torch.optim.Adafactor,
    torch.optim.Adamax,
    torch.optim.ASGD,
    torch.optim.NAdam,
    torch.optim.RAdam,
    torch.optim.RMSprop,
    torch.optim.Rprop,
]


class NeedsRate(torch.optim.Optimizer):
    def __init__(self, params: Iterable[Any], lr: float) -> None:
        super().__init__(params, {"lr": lr})


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.Linear(8, 3))


def train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 12) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(4, 5, generator=generator)).square().mean().backward()
        optimizer.step()
    return [p.detach() for p in net.parameters()]


@pytest.mark.parametrize(("cls", "args"), FUSED)
def test_the_fused_form_computes_what_the_plain_form_computes(
    cls: type[torch.optim.Optimizer], args: dict[str, Any]
) -> None:
    net = model()
    reference = copy.deepcopy(net)
    optimizer = build_optimizer(cls, [{"params": list(net.parameters())}], args)
    assert optimizer.defaults["fused"] is True
    plain = cls(reference.parameters(), **args, foreach=False)  # type: ignore[call-arg]
    for ours, theirs in zip(train(net, optimizer), train(reference, plain), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("cls", "args"), FUSED)
def test_two_runs_of_the_fused_form_are_equal_to_the_bit(
    cls: type[torch.optim.Optimizer], args: dict[str, Any]
) -> None:
    runs = []
    for _ in range(2):
        net = model()
        runs.append(train(net, build_optimizer(cls, [{"params": list(net.parameters())}], args)))
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))


@pytest.mark.parametrize("cls", OTHERS)
def test_an_optimizer_without_a_fused_form_is_what_torch_makes(cls: type[torch.optim.Optimizer]) -> None:
    net = model()
    reference = copy.deepcopy(net)
    ours = train(net, build_optimizer(cls, parameter_groups(net, weight_decay=default_option(cls, "weight_decay"))))
    theirs = train(reference, cls(reference.parameters()))  # type: ignore[call-arg]
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_muon_takes_the_matrices_of_a_model() -> None:
    net = model()
    matrices = [{"params": [p for p in net.parameters() if p.ndim == 2]}]
    train(net, build_optimizer(torch.optim.Muon, matrices, {"lr": 0.01}))
    with pytest.raises(ConfigError, match="Muon refuses its arguments"):
        build_optimizer(torch.optim.Muon, parameter_groups(net), {"lr": 0.01})


def test_arguments_decide_against_the_fused_form() -> None:
    groups = parameter_groups(model())
    assert can_fuse(torch.optim.AdamW, groups, {})
    assert not can_fuse(torch.optim.AdamW, groups, {"fused": False})
    assert not can_fuse(torch.optim.AdamW, groups, {"foreach": True})
    assert build_optimizer(torch.optim.AdamW, groups, {"foreach": True}).defaults["fused"] is None


def test_complex_weights_and_sparse_gradients_are_not_fused() -> None:
    weight = nn.Parameter(torch.ones(3, dtype=torch.complex64))
    optimizer = build_optimizer(torch.optim.Adam, [{"params": [weight]}], {"lr": 0.1})
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    assert weight.detach().real.mean() < 1

    net = nn.Embedding(5, 2, sparse=True)
    before = net.weight.detach().clone()
    optimizer = build_optimizer(torch.optim.SGD, parameter_groups(net), {"lr": 0.1}, sparse=True)
    net(torch.tensor([1, 1])).sum().backward()
    optimizer.step()
    assert not torch.equal(net.weight, before)


def test_every_group_has_its_initial_rate_as_a_float() -> None:
    groups = parameter_groups(model(), lr=1, groups=[{"match": "2.*", "lr": 0.5}])
    optimizer = build_optimizer(torch.optim.SGD, groups, {"lr": 1})
    assert [group["initial_lr"] for group in optimizer.param_groups] == [1.0, 0.5]
    assert all(type(group["lr"]) is float for group in optimizer.param_groups)


def test_the_state_of_an_optimizer_survives_saving_and_loading() -> None:
    net = model()
    optimizer = build_optimizer(torch.optim.AdamW, parameter_groups(net, lr=0.01, weight_decay=0.1), {"lr": 0.01})
    train(net, optimizer)
    other = copy.deepcopy(net)
    again = build_optimizer(torch.optim.AdamW, parameter_groups(other, lr=0.01, weight_decay=0.1), {"lr": 0.01})
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert all(torch.equal(a, b) for a, b in zip(train(net, optimizer), train(other, again), strict=True))


@pytest.mark.parametrize(
    ("cls", "args", "message"),
    [
        (torch.optim.LBFGS, {"lr": 1.0}, "needs a closure"),
        (torch.optim.SGD, {}, r"SGD needs a learning rate; give optimizer\.args\.lr"),
        (NeedsRate, {}, "NeedsRate needs a learning rate"),
        (torch.optim.AdamW, {"lr": -1.0}, "AdamW refuses its arguments.*Invalid learning rate"),
        (torch.optim.AdamW, {"weight_deacy": 0.1}, "no option 'weight_deacy'; did you mean 'weight_decay'"),
        (torch.optim.AdamW, {"zzz": 0.1}, "no option 'zzz'; it has lr, betas"),
        (torch.optim.Adam, {"betas": [0.9]}, "Adam refuses its arguments"),
        (torch.optim.Adam, {"betas": 0.9}, "Adam refuses its arguments"),
    ],
)
def test_a_mistake_is_one_clear_sentence(cls: type[torch.optim.Optimizer], args: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_optimizer(cls, parameter_groups(model()), args)


def test_a_rate_on_every_group_is_enough_for_sgd() -> None:
    assert build_optimizer(torch.optim.SGD, parameter_groups(model(), lr=0.1)).param_groups[0]["lr"] == 0.1


def test_weight_decay_for_an_optimizer_that_has_none_is_an_error() -> None:
    groups = parameter_groups(model(), groups=[{"match": "0.*", "weight_decay": 0.1}])
    with pytest.raises(ConfigError, match="Rprop has no weight decay"):
        build_optimizer(torch.optim.Rprop, groups, {"lr": 0.1})


def test_the_default_of_an_option_is_read_from_the_class() -> None:
    assert default_option(torch.optim.AdamW, "weight_decay") == 0.01
    assert default_option(torch.optim.Rprop, "weight_decay") is None
    assert default_option(NeedsRate, "lr") is None


def test_sparse_gradients_and_the_optimizer_must_fit() -> None:
    with pytest.raises(ConfigError, match="SparseAdam takes sparse gradients only"):
        build_optimizer(torch.optim.SparseAdam, parameter_groups(model()))
    net = nn.Embedding(4, 2, sparse=True)
    with pytest.raises(ConfigError, match="AdamW does not take the sparse gradients"):
        build_optimizer(torch.optim.AdamW, parameter_groups(net), sparse=True)
    before = net.weight.detach().clone()
    optimizer = build_optimizer(torch.optim.SparseAdam, parameter_groups(net), sparse=True)
    net(torch.tensor([1])).sum().backward()
    optimizer.step()
    assert (net.weight != before).any(dim=1).tolist() == [False, True, False, False]


@pytest.mark.parametrize(("cls", "args"), FUSED)
def test_the_loss_scaler_can_skip_a_fused_update(cls: type[torch.optim.Optimizer], args: dict[str, Any]) -> None:
    net = model()
    optimizer = build_optimizer(cls, [{"params": list(net.parameters())}], args)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    changed = []
    for update in range(3):
        optimizer.zero_grad()
        scaler.scale(net(torch.ones(2, 5)).square().mean()).backward()
        first = net[0].weight  # type: ignore[index]
        if update == 1:
            assert first.grad is not None
            first.grad[0, 0] = float("inf")
        before = first.detach().clone()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        changed.append(not torch.equal(before, first))
    assert changed == [True, False, True]
    assert scaler.get_scale() == 512.0
