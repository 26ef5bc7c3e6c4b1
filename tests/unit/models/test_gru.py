"""The recurrent network."""

from __future__ import annotations

import pytest
import torch

from seedbed.errors import ConfigError, DataError
from seedbed.models.gru import GRU


def test_it_reads_the_last_state_of_the_top_layer_in_both_directions():
    model = GRU(out_features=3, in_features=5, hidden_size=4, num_layers=2, bidirectional=True).eval()
    x = torch.randn(2, 7, 5)
    states, _ = model.recurrent(x)
    last = torch.cat([states[:, -1, :4], states[:, 0, 4:]], 1)
    torch.testing.assert_close(model(x), model.output(last))


def test_mean_and_every_step():
    x = torch.randn(2, 7)
    assert GRU(out_features=3, read="mean")(x).shape == (2, 3)
    assert GRU(out_features=3, read="every")(x).shape == (2, 7, 3)
    assert GRU(out_features=1, read="every", squeeze=True)(x).shape == (2, 7)


def test_dropout_in_one_layer_does_not_warn():
    assert GRU(out_features=1, dropout=0.5)(torch.randn(2, 7)).shape == (2, 1)


def test_wrong_arguments_and_inputs_are_refused():
    with pytest.raises(ConfigError, match="not 'first'"):
        GRU(out_features=1, read="first")
    with pytest.raises(DataError, match=r"\(B, T, 2\), but got \(3, 4, 5\)"):
        GRU(out_features=1, in_features=2)(torch.randn(3, 4, 5))
