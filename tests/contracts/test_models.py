"""What every model promises, one after the other."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch

from seedbed.models.conv1d import Conv1dNet
from seedbed.models.gpt import GPT
from seedbed.models.gru import GRU
from seedbed.models.init import SCHEMES, initialize
from seedbed.models.lenet import LeNet
from seedbed.models.linear import Linear
from seedbed.models.mlp import MLP
from seedbed.models.resnet import ResNet
from seedbed.models.summary import summarize
from seedbed.models.transfer import transfer


def ids(num):
    return torch.randint(11, (num, 6))


MODELS = {
    "linear": (lambda: Linear(in_features=5, out_features=3), lambda n: torch.randn(n, 5)),
    "mlp": (lambda: MLP(in_features=16, out_features=3, hidden=[8, 8], dropout=0.1), lambda n: torch.randn(n, 4, 4)),
    "mlp-batch": (lambda: MLP(in_features=5, out_features=1, norm="batch"), lambda n: torch.randn(n, 5)),
    "mlp-layer": (lambda: MLP(in_features=5, out_features=1, norm="layer", squeeze=True), lambda n: torch.randn(n, 5)),
    "lenet": (lambda: LeNet(image_size=12, dropout=0.2), lambda n: torch.randn(n, 1, 12, 12)),
    "lenet-mean": (lambda: LeNet(image_size=8, kernel_size=3, pooling="mean"), lambda n: torch.randn(n, 8, 8)),
    "resnet": (lambda: ResNet(depth=8, width=4), lambda n: torch.randn(n, 3, 8, 8)),
    "conv1d": (lambda: Conv1dNet(out_features=3, length=20), lambda n: torch.randn(n, 20)),
    "conv1d-batch": (
        lambda: Conv1dNet(out_features=3, length=20, in_channels=2, norm="batch", dropout=0.1),
        lambda n: torch.randn(n, 2, 20),
    ),
    "gru": (lambda: GRU(out_features=3, in_features=4, num_layers=2, dropout=0.1), lambda n: torch.randn(n, 7, 4)),
    "gru-both": (lambda: GRU(out_features=3, bidirectional=True, read="mean"), lambda n: torch.randn(n, 7)),
    "gpt": (lambda: GPT(vocab_size=11, context=6, num_layers=2, num_heads=2, d_model=8, dropout=0.1), ids),
    "gpt-untied": (
        lambda: GPT(vocab_size=11, context=6, num_layers=1, num_heads=1, d_model=8, bias=True, tie_weights=False),
        ids,
    ),
}


@pytest.fixture(params=MODELS)
def case(request):
    make, inputs = MODELS[request.param]
    torch.manual_seed(0)
    return make(), inputs


def test_every_parameter_gets_a_finite_gradient(case):
    model, inputs = case
    model(inputs(4)).float().square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_a_state_dict_goes_round_bit_for_bit(case):
    model, inputs = case
    model(inputs(4))  # so that BatchNorm statistics are not those of the start
    other = copy.deepcopy(model)
    for tensor in other.state_dict().values():
        tensor.zero_()
    other.load_state_dict(model.state_dict())
    x = inputs(3)
    assert torch.equal(model.eval()(x), other.eval()(x))
    for tensor in other.state_dict().values():
        tensor.zero_()
    assert transfer(other, model.state_dict()).complete
    assert torch.equal(model(x), other(x))


def test_two_names_never_share_memory_in_a_state_dict(case):
    model, _ = case
    pointers = [tensor.data_ptr() for tensor in model.state_dict().values()]
    assert len(set(pointers)) == len(pointers)


def test_eval_mode_gives_the_same_bits_and_draws_no_numbers(case):
    model, inputs = case
    model.eval()
    x = inputs(4)
    state = torch.get_rng_state()
    assert torch.equal(model(x), model(x))
    assert torch.equal(state, torch.get_rng_state())


def test_train_mode_is_a_function_of_the_global_generator(case):
    model, inputs = case
    x = inputs(4)
    torch.manual_seed(1)
    first = model(x)
    torch.manual_seed(1)
    assert torch.equal(first, model(x))


def test_samples_do_not_see_each_other_in_eval_mode(case):
    model, inputs = case
    model(inputs(8))
    model.eval()
    x = inputs(5)
    together = model(x)
    for number in range(5):
        torch.testing.assert_close(model(x[number : number + 1])[0], together[number], atol=1e-5, rtol=1e-4)
    order = torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(model(x[order]), together[order], atol=1e-5, rtol=1e-4)


def test_a_copy_shares_nothing(case):
    model, inputs = case
    x = inputs(3)
    before = model.eval()(x)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1.0)
    assert torch.equal(model(x), before)


def test_inputs_stay_as_they_are(case):
    model, inputs = case
    x = inputs(3)
    before = x.clone()
    model(x)
    assert torch.equal(x, before)


def test_bfloat16_autocast_trains(case):
    model, inputs = case
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(inputs(4)).float().square().mean()
    loss.backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_initialisation_gives_finite_outputs(case, scheme):
    model, inputs = case
    initialize(model, scheme, torch.Generator().manual_seed(0))
    assert torch.isfinite(model(inputs(4))).all()


def test_the_summary_accounts_for_every_parameter(case):
    model, inputs = case
    summary = summarize(model, inputs(4))
    num_parameters = sum(p.numel() for p in model.parameters())
    assert sum(row.trainable for row in summary.layers) == summary.trainable == num_parameters
    assert summary.flops > 0


def test_arguments_are_by_keyword_and_documented(case):
    model, _ = case
    parameters = inspect.signature(type(model)).parameters
    assert all(p.kind is p.KEYWORD_ONLY and p.annotation is not p.empty for p in parameters.values())
    text = inspect.getdoc(type(model))
    assert "Inputs" in text
    assert "utputs" in text
    assert all(f"{name}:" in text for name in parameters)
