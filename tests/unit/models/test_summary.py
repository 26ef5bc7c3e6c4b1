"""The summary of a model."""

from __future__ import annotations

import io

import pytest
import torch
from rich.console import Console
from torch import nn

from seedbed.models.freeze import freeze
from seedbed.models.gpt import GPT
from seedbed.models.gru import GRU
from seedbed.models.mlp import MLP
from seedbed.models.summary import format_bytes, format_count, render_summary, summarize


def test_layers_have_shapes_parameters_and_variance():
    model = MLP(in_features=6, out_features=3, hidden=[5])
    freeze(model, ["layers.0"])
    inputs = torch.randn(4, 6)
    summary = summarize(model, inputs)
    rows = [(r.name, r.type, r.shape, r.trainable, r.frozen) for r in summary.layers]
    assert rows == [
        ("layers.0", "Linear", (4, 5), 0, 35),
        ("layers.1", "ReLU", (4, 5), 0, 0),
        ("layers.2", "Linear", (4, 3), 18, 0),
    ]
    assert summary.layers[0].variance == pytest.approx(model.layers[0](inputs).var().item(), rel=1e-6)
    assert (summary.trainable, summary.frozen, summary.batch_size) == (18, 35, 4)
    assert (summary.parameter_bytes, summary.gradient_bytes, summary.optimizer_bytes) == (212, 72, 144)
    assert summary.flops == 2 * 4 * (6 * 5 + 5 * 3)


def test_nothing_about_the_model_or_the_random_numbers_changes():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 1))
    model.train()
    model[0].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    summarize(model, torch.randn(4, 3, generator=torch.Generator().manual_seed(0)))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert [m.training for m in model] == [False, True, True, True]
    assert not any(m._forward_hooks for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_kept_activations_are_counted_once_and_without_the_weights():
    # the first layer keeps its input (4×6), the second what ReLU kept as its output (4×5)
    summary = summarize(MLP(in_features=6, out_features=3, hidden=[5]), torch.randn(4, 6))
    assert summary.activation_bytes == 4 * (4 * 6 + 4 * 5)


def test_a_layer_that_works_in_place_does_not_change_the_one_before():
    model = nn.Sequential(nn.Linear(3, 50), nn.ReLU(inplace=True))
    first, second = summarize(model, torch.randn(20, 3)).layers
    assert first.variance > second.variance


def test_attention_counts_among_the_work():
    one = summarize(
        GPT(vocab_size=5, context=64, num_layers=1, num_heads=1, d_model=8), torch.zeros(2, 64, dtype=torch.long)
    )
    linear = 2 * 2 * 64 * (8 * 24 + 8 * 8 + 2 * 8 * 32 + 8 * 5)
    assert one.flops == linear + 2 * 2 * 2 * 64 * 64 * 8


def test_recurrent_layers_shared_weights_and_unused_layers():
    assert summarize(GRU(out_features=2), torch.randn(3, 7)).layers[0].shape == (3, 7, 64)

    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))
            self.used = nn.Linear(2, 2)
            self.shared = nn.Linear(2, 2)
            self.shared.weight = self.used.weight
            self.unused = nn.Linear(2, 2)

        def forward(self, x):
            return self.shared(self.used(x["x"])) * self.scale

    summary = summarize(Odd(), {"x": torch.randn(1, 2)})
    by_name = {row.name: row for row in summary.layers}
    assert by_name["(model)"].trainable == 1
    assert by_name["shared"].trainable == 2
    assert by_name["unused"].shape is None
    assert summary.trainable == 1 + 6 + 2 + 6


def test_the_table_has_every_layer_and_the_totals():
    model = MLP(in_features=6, out_features=3, hidden=[5])
    console = Console(file=io.StringIO(), width=100)
    console.print(render_summary(summarize(model, torch.randn(4, 6))))
    text = console.file.getvalue()
    for part in ("layers.0", "4×5", "53 parameters, 53 trainable", "360 FLOP"):
        assert part in text


def test_sizes_for_people():
    assert format_count(1_234_567) == "1.23 M"
    assert format_bytes(1536) == "1.5 KiB"
