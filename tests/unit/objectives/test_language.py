"""Language modelling."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.batch import Batch
from seedbed.errors import DataError
from seedbed.objectives.language import LanguageModeling


def measure(objective, outputs, targets):
    return objective(nn.Identity(), Batch(outputs, targets, np.arange(len(targets)))).loss


def test_it_is_torchs_cross_entropy_over_all_tokens():
    outputs, targets = torch.randn(3, 5, 7), torch.randint(7, (3, 5))
    targets[0, :2] = -100
    expected = F.cross_entropy(outputs.flatten(0, 1), targets.flatten())
    assert torch.equal(measure(LanguageModeling(), outputs, targets), expected)
    assert LanguageModeling().weight(Batch(None, targets, np.arange(3))) == 13


def test_without_padding_every_token_counts():
    outputs, targets = torch.randn(3, 5, 7), torch.randint(7, (3, 5), dtype=torch.uint8)
    objective = LanguageModeling(ignore_index=None)
    expected = F.cross_entropy(outputs.flatten(0, 1), targets.flatten().long())
    assert torch.equal(measure(objective, outputs, targets), expected)
    assert objective.weight(Batch(None, targets, np.arange(3))) == 15


def test_nothing_but_padding_has_loss_zero_and_zero_gradients():
    outputs = torch.randn(2, 3, 4, requires_grad=True)
    loss = measure(LanguageModeling(ignore_index=0), outputs, torch.zeros(2, 3, dtype=torch.long))
    loss.backward()
    assert loss == 0
    assert torch.equal(outputs.grad, torch.zeros_like(outputs))


def test_perplexity_is_the_exponential_of_the_loss():
    objective = LanguageModeling(metrics=["perplexity", "accuracy"])
    outputs, targets = torch.randn(3, 5, 7), torch.randint(7, (3, 5))
    targets[1] = -100
    batch = Batch(outputs, targets, np.arange(3))
    metrics = objective.metrics()
    for metric in metrics.values():
        metric.update(outputs, batch)
    assert metrics["perplexity"].compute() == pytest.approx(math.exp(objective(nn.Identity(), batch).loss))
    counts = targets != -100
    assert metrics["accuracy"].compute() == pytest.approx(float((outputs.argmax(-1) == targets)[counts].float().mean()))


def test_wrong_shapes_and_tokens_are_named():
    with pytest.raises(DataError, match=r"outputs must be \(B, T, vocabulary\)"):
        measure(LanguageModeling(), torch.zeros(2, 7, 5), torch.zeros(2, 5, dtype=torch.long))
    with pytest.raises(DataError, match=r"of torch\.float32"):
        measure(LanguageModeling(), torch.zeros(2, 5, 7), torch.zeros(2, 5))
    objective = LanguageModeling()
    measure(objective, torch.zeros(1, 2, 7), torch.tensor([[1, 2]]))
    with pytest.raises(DataError, match="sample 0 has the token 7"):
        measure(objective, torch.zeros(1, 2, 7), torch.tensor([[1, 7]]))
    with pytest.raises(DataError, match="vocabulary has 7"):
        measure(LanguageModeling(), torch.zeros(1, 2, 7), torch.tensor([[1, -1]]))


def test_the_prediction_is_the_likeliest_next_token():
    outputs = torch.zeros(2, 3, 4)
    outputs[0, -1, 2] = outputs[1, -1, 3] = 5.0
    found = LanguageModeling().predictions(outputs)
    assert found["next_token"].tolist() == [2, 3]
    torch.testing.assert_close(found["probability"], outputs[:, -1].softmax(-1).amax(-1))
