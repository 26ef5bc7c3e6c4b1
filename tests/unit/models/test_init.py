"""Initialisation by name."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from seedbed.errors import ConfigError
from seedbed.models.gru import GRU
from seedbed.models.init import initialize
from seedbed.models.mlp import MLP


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("scheme", "variance"), [("kaiming", 2 / 400), ("xavier", 2 / 700), ("trunc_normal", 0.02**2 * 0.7737)]
)
def test_weights_have_the_variance_of_the_scheme(scheme, variance):
    layer = nn.Linear(400, 300)
    initialize(layer, scheme, seeded())
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
    assert torch.equal(layer.bias, torch.zeros(300))


def test_truncated_means_cut_at_two_standard_deviations():
    layer = nn.Conv1d(64, 64, 5)
    initialize(layer, "trunc_normal", seeded())
    assert layer.weight.abs().max() <= 0.04


@pytest.mark.parametrize("shape", [(20, 50), (50, 20)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    layer = nn.Linear(shape[1], shape[0])
    initialize(layer, "orthogonal", seeded())
    weight = layer.weight if shape[0] < shape[1] else layer.weight.T
    torch.testing.assert_close(weight @ weight.T, torch.eye(20), atol=1e-5, rtol=0)


def test_each_gate_of_a_recurrent_layer_is_a_matrix_of_its_own():
    model = GRU(out_features=1, hidden_size=8)
    initialize(model, "orthogonal", seeded())
    for gate in model.recurrent.weight_hh_l0.chunk(3):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)
    assert torch.equal(model.recurrent.bias_hh_l0, torch.zeros(24))


def test_kaiming_keeps_the_second_moment_through_relu_layers():
    model = MLP(in_features=256, out_features=256, hidden=[256] * 8)
    initialize(model, "kaiming", seeded())
    outputs = model(torch.randn(512, 256, generator=seeded(1)))
    # without the factor of two it would shrink by 2^8
    assert 0.5 < outputs.square().mean().item() / 2 < 2


def test_norms_stay_and_embeddings_are_small():
    model = nn.ModuleDict({"norm": nn.BatchNorm1d(4), "embedding": nn.Embedding(500, 40)})
    nn.init.constant_(model["norm"].weight, 3.0)
    assert initialize(model, "xavier", seeded()) == ["embedding.weight"]
    assert torch.equal(model["norm"].weight, torch.full((4,), 3.0))
    assert model["embedding"].weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_only_the_generator_decides_and_the_global_one_is_not_touched():
    models = [nn.Linear(5, 5) for _ in range(2)]
    state = torch.get_rng_state()
    for model in models:
        initialize(model, "kaiming", seeded(7))
    assert torch.equal(models[0].weight, models[1].weight)
    assert torch.equal(state, torch.get_rng_state())


def test_with_a_key_a_new_layer_does_not_change_the_others():
    small, large = nn.Sequential(nn.Linear(4, 4)), nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    large.insert(0, nn.Linear(4, 4))
    initialize(small, "kaiming", 5)
    initialize(large, "kaiming", 5)
    assert torch.equal(small[0].weight, large[0].weight)
    assert not torch.equal(large[0].weight, large[1].weight)


def test_default_changes_nothing_and_others_are_refused():
    layer = nn.Linear(3, 3)
    before = layer.weight.clone()
    assert initialize(layer, "default", seeded()) == []
    assert torch.equal(layer.weight, before)
    with pytest.raises(ConfigError, match="no initialisation 'he'"):
        initialize(layer, "he", seeded())


def test_attention_projections_are_three_matrices():
    layer = nn.MultiheadAttention(16, 2)
    initialize(layer, "xavier", seeded())
    bound = math.sqrt(6 / 32)
    assert layer.in_proj_weight.abs().max() <= bound
    assert layer.in_proj_weight.abs().max() > 0.95 * bound
