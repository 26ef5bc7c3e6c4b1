"""The kernel called directly gives the bits of ``optimizer.step()``, and is not called where it may not be."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seedbed.optim.fused import FusedUpdate

CASES: list[tuple[type[torch.optim.Optimizer], dict[str, Any]]] = [
    (torch.optim.Adam, {"lr": 0.01}),
    (torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.9), "maximize": True}),
    (torch.optim.AdamW, {"lr": 0.01}),
    (torch.optim.SGD, {"lr": 0.1}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
]
OTHERS: list[tuple[type[torch.optim.Optimizer], dict[str, Any]]] = [
    (torch.optim.Adam, {"lr": 0.01, "fused": False}),
    (torch.optim.Adam, {"lr": 0.01, "amsgrad": True}),
    (torch.optim.Adam, {"lr": torch.tensor(0.01)}),
    (torch.optim.RMSprop, {"lr": 0.01, "fused": False}),
]


def make(cls: type[torch.optim.Optimizer], args: dict[str, Any], seed: int = 0) -> tuple[nn.Module, Any]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 7), nn.Tanh(), nn.Linear(7, 3))
    weights = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    options = {k: v for k, v in {"fused": True, **args}.items() if cls is not torch.optim.RMSprop or k != "fused"}
    return model, cls([{"params": weights}, {"params": biases, "weight_decay": 0.0}], **options)


def give_gradients(model: nn.Module, step: int, idle: tuple[int, ...] = ()) -> None:
    generator = torch.Generator().manual_seed(step)
    for index, parameter in enumerate(model.parameters()):
        grad = torch.randn(parameter.shape, generator=generator)
        parameter.grad = None if index in idle else grad


def assert_same(a: Any, b: Any) -> None:
    if isinstance(a, Tensor):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a == b


def run_both(cls: type[torch.optim.Optimizer], args: dict[str, Any], idle: dict[int, tuple[int, ...]]) -> None:
    (plain, theirs), (fast, ours) = make(cls, args), make(cls, args)
    update = FusedUpdate(ours)
    for step in range(6):
        for model in (plain, fast):
            give_gradients(model, step, idle.get(step, ()))
        if step == 3:
            for group in (*theirs.param_groups, *ours.param_groups):
                group["lr"] = group["lr"] * 0.5
        theirs.step()
        update()
        assert_same(plain.state_dict(), fast.state_dict())
        assert_same(theirs.state_dict(), ours.state_dict())


@pytest.mark.parametrize(("cls", "args"), CASES + OTHERS)
def test_weights_and_state_are_those_of_the_optimizers_own_step(
    cls: type[torch.optim.Optimizer], args: dict[str, Any]
) -> None:
    run_both(cls, args, {})


@pytest.mark.parametrize(("cls", "args"), CASES[:-2])
def test_parameters_without_a_gradient_are_left_alone_and_come_back(
    cls: type[torch.optim.Optimizer], args: dict[str, Any]
) -> None:
    run_both(cls, args, {0: (0, 1), 1: (0, 1), 2: (2,), 4: (0, 1, 2, 3, 4, 5)})


@pytest.mark.parametrize(("cls", "args"), CASES)
def test_a_loaded_state_is_gone_on_with(cls: type[torch.optim.Optimizer], args: dict[str, Any]) -> None:
    (plain, theirs), (fast, ours) = make(cls, args), make(cls, args)
    update = FusedUpdate(ours)
    for step in range(3):
        for model in (plain, fast):
            give_gradients(model, step)
        theirs.step()
        update()
    ours.load_state_dict(copy.deepcopy(ours.state_dict()))
    theirs.load_state_dict(copy.deepcopy(theirs.state_dict()))
    for step in range(3, 6):
        for model in (plain, fast):
            give_gradients(model, step)
        theirs.step()
        update()
    assert_same(plain.state_dict(), fast.state_dict())
    assert_same(theirs.state_dict(), ours.state_dict())


def test_the_kernel_is_called_not_the_optimizers_step(monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimizer = make(torch.optim.AdamW, {"lr": 0.01})
    update = FusedUpdate(optimizer)
    assert update.usable()
    called = []
    kernel = update._kernel
    assert kernel is not None
    monkeypatch.setattr(update, "_kernel", lambda *args, **options: (called.append(1), kernel(*args, **options)))
    give_gradients(model, 0)
    update()
    assert called == [1, 1]  # once a group


def test_hooks_and_replaced_steps_are_honoured() -> None:
    model, optimizer = make(torch.optim.SGD, {"lr": 0.1})
    update, called = FusedUpdate(optimizer), []
    handle = optimizer.register_step_post_hook(lambda *args: called.append("hook"))
    give_gradients(model, 0)
    update()
    handle.remove()
    update()
    assert called == ["hook"]
    step = optimizer.step
    optimizer.step = lambda: (called.append("step"), step())
    update()
    assert called == ["hook", "step"]


def test_a_missing_kernel_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    (plain, theirs), (fast, ours) = make(*CASES[2]), make(*CASES[2])
    update = FusedUpdate(ours)
    monkeypatch.setattr(update, "_kernel", None)
    for model in (plain, fast):
        give_gradients(model, 0)
    theirs.step()
    update()
    assert_same(plain.state_dict(), fast.state_dict())


def test_a_group_added_later_is_updated_too() -> None:
    (plain, theirs), (fast, ours) = make(*CASES[0]), make(*CASES[0])
    update, extra = FusedUpdate(ours), [nn.Parameter(torch.ones(3)) for _ in range(2)]
    for step in range(4):
        if step == 2:
            theirs.add_param_group({"params": [extra[0]]})
            ours.add_param_group({"params": [extra[1]]})
        for model, more in ((plain, extra[0]), (fast, extra[1])):
            give_gradients(model, step)
            more.grad = torch.full((3,), 0.5)
        theirs.step()
        update()
    assert_same(plain.state_dict(), fast.state_dict())
    assert torch.equal(extra[0], extra[1])
    assert not torch.equal(extra[0], torch.ones(3))
