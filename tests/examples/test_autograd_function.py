"""The example with a backward of its own."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F


@pytest.fixture
def swish(load_example):
    return load_example("autograd_function", "swish")


@pytest.mark.parametrize("needs", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (0, 4)])
def test_its_gradients_are_those_of_its_values(swish, shape, needs):
    x = torch.randn(shape, dtype=torch.float64, requires_grad=needs[0])
    beta = torch.tensor(1.3, dtype=torch.float64, requires_grad=needs[1])
    assert gradcheck(swish.SwishFunction.apply, (x, beta))


def test_its_second_gradients_are_right_too(swish):
    x = torch.randn(4, dtype=torch.float64, requires_grad=True)
    beta = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(swish.SwishFunction.apply, (x, beta))


def test_a_wrong_backward_would_be_found(swish):
    class Wrong(swish.SwishFunction):
        @staticmethod
        def backward(ctx, grad_output):
            grad_x, grad_beta = swish.SwishFunction.backward(ctx, grad_output)
            return 1.01 * grad_x, grad_beta

    x = torch.randn(4, dtype=torch.float64, requires_grad=True)
    beta = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert not gradcheck(Wrong.apply, (x, beta), raise_exception=False)


def test_with_slope_one_it_is_torchs_silu(swish):
    x = torch.randn(3, 4, requires_grad=True)
    layer = swish.Swish()
    torch.testing.assert_close(layer(x), F.silu(x))
    (ours,) = torch.autograd.grad(layer(x).sum(), x)
    (theirs,) = torch.autograd.grad(F.silu(x).sum(), x)
    torch.testing.assert_close(ours, theirs)


def test_the_network_trains_its_slopes(swish):
    torch.manual_seed(0)
    model = swish.SwishNet(in_features=6, width=8, num_classes=3)
    x, y = torch.randn(12, 2, 3), torch.randint(3, (12,))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    first = last = F.cross_entropy(model(x), y)
    for _ in range(60):
        optimizer.zero_grad()
        last = F.cross_entropy(model(x), y)
        last.backward()
        optimizer.step()
    assert last < first / 3
    assert all(layer.beta != 1 for layer in model.layers if isinstance(layer, swish.Swish))
