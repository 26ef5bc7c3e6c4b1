"""The average of the weights, against a loop written by hand and against torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from seedbed.errors import CheckpointError, ConfigError
from seedbed.optim.ema import EMA


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def move(net: nn.Module, seed: int) -> None:
    """A stand-in for an update: other weights, and batch statistics from other data."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    net.train()
    net(torch.randn(5, 3, generator=generator))


@pytest.mark.parametrize(("decay", "power", "start"), [(0.9, None, 0), (0.9, None, 3), (0.99, 0.75, 0), (0.5, 0.7, 2)])
def test_it_is_the_average_that_a_loop_by_hand_makes(decay: float, power: float | None, start: int) -> None:
    net = model()
    ema = EMA(net, decay, power, start)
    expected = {name: tensor.double() for name, tensor in net.state_dict().items()}
    for update in range(9):
        move(net, update)
        ema.update(net)
        s = update - start
        d = 0.0 if s < 0 else decay if power is None else min(decay, 1 - (1 + s) ** -power)
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                expected[name] = d * expected[name] + (1 - d) * tensor.double()
            else:
                expected[name] = tensor.double()
    for name, tensor in ema.module.state_dict().items():
        torch.testing.assert_close(tensor.double(), expected[name], rtol=1e-5, atol=1e-6)


def test_it_equals_the_average_of_torch_to_the_bit() -> None:
    net = model()
    ema = EMA(net, 0.9, start_step=1)  # torch's first update is a copy too
    theirs = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    for update in range(6):
        move(net, update)
        ema.update(net)
        theirs.update_parameters(net)
    for (name, a), b in zip(ema.module.state_dict().items(), theirs.module.state_dict().values(), strict=True):
        if a.is_floating_point():
            assert torch.equal(a, b), name


def test_integer_buffers_are_copied() -> None:
    net = model()
    ema = EMA(net)
    move(net, 1)
    ema.update(net)
    assert ema.module[1].num_batches_tracked == net[1].num_batches_tracked == 1  # type: ignore[index]


@given(decay=st.floats(0, 0.9999), power=st.floats(0.1, 1), update=st.integers(0, 10**6))
def test_the_decay_warms_up_to_its_bound_and_never_falls(decay: float, power: float, update: int) -> None:
    ema = EMA(nn.Linear(1, 1), decay, power)
    assert 0 <= ema.decay_at(update) <= ema.decay_at(update + 1) <= decay
    assert ema.decay_at(0) == 0


def test_the_average_is_in_eval_mode_without_gradients_and_apart_from_the_model() -> None:
    net = model().train()
    net(torch.randn(4, 3)).sum().backward()
    ema = EMA(net)
    assert not any(module.training for module in ema.module.modules())
    assert not any(p.requires_grad or p.grad is not None for p in ema.module.parameters())
    assert net.training
    assert net[0].weight.grad is not None  # type: ignore[index]
    before = ema.module[0].weight.clone()  # type: ignore[index]
    move(net, 1)
    assert torch.equal(ema.module[0].weight, before)  # type: ignore[index]


def test_tied_weights_stay_tied_and_are_averaged_once() -> None:
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    net[1].weight = net[0].weight
    ema = EMA(net, 0.5)
    start = net[0].weight.detach().clone()
    with torch.no_grad():
        net[0].weight.add_(1.0)
    ema.update(net)
    assert ema.module[0].weight is ema.module[1].weight  # type: ignore[index]
    torch.testing.assert_close(ema.module[0].weight, start + 0.5)  # type: ignore[index]


def test_it_follows_a_model_whose_tensors_are_replaced() -> None:
    net = model()
    ema = EMA(net, 0.5)
    ema.update(net)
    net[1].running_mean = torch.full((4,), 8.0)
    net.to(torch.float64).to(torch.float32)
    ema.update(net)
    torch.testing.assert_close(ema.module[1].running_mean, torch.full((4,), 4.0))  # type: ignore[index]


def test_it_moves_to_the_device_of_the_model() -> None:
    net = model().to("meta")
    ema = EMA(model())
    ema.update(net)
    assert all(tensor.device.type == "meta" for tensor in ema.module.state_dict().values())


def test_saved_and_loaded_it_goes_on_to_the_bit() -> None:
    net = model()
    ema = EMA(net, 0.99, power=0.75, start_step=2)
    for update in range(5):
        move(net, update)
        ema.update(net)
    again = EMA(model(), 0.99, power=0.75, start_step=2)
    again.load_state_dict(copy.deepcopy(ema.state_dict()))
    assert again.updates == 5
    move(net, 9)
    ema.update(net)
    again.update(net)
    for a, b in zip(ema.module.state_dict().values(), again.module.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_state_that_does_not_fit_is_an_error() -> None:
    state = EMA(model()).state_dict()
    with pytest.raises(CheckpointError, match="don't fit this model"):
        EMA(nn.Linear(3, 4)).load_state_dict(state)
    with pytest.raises(CheckpointError, match="updates"):
        EMA(model()).load_state_dict({"module": state["module"]})


@pytest.mark.parametrize("arguments", [{"decay": 1.0}, {"decay": -0.1}, {"power": 0.0}])
def test_an_impossible_decay_is_an_error(arguments: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="ema"):
        EMA(model(), **arguments)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_lazy_layers_and_other_models_are_refused() -> None:
    with pytest.raises(ConfigError, match="lazy layers"):
        EMA(nn.LazyLinear(3))
    with pytest.raises(ConfigError, match="other weights"):
        EMA(model()).update(nn.Linear(3, 4))


def test_a_model_without_weights_has_an_average_too() -> None:
    net = nn.ReLU()
    ema = EMA(net, start_step=1)
    ema.update(net)
    ema.update(net)
    assert ema.updates == 2
