"""Samplers: pure functions of (seed, epoch, position), each with its own law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.data import samplers
from seedbed.data.samplers import (
    Custom,
    LengthBucketed,
    Listed,
    Sequential,
    Shuffled,
    Weighted,
    class_balanced,
    uniform_array,
)
from seedbed.errors import ConfigError, DataError

LENGTHS = np.random.default_rng(0).integers(1, 50, 103)
MAKERS: dict[str, Any] = {
    "sequential": lambda seed: Sequential(103),
    "shuffled": lambda seed: Shuffled(103, seed=seed),
    "weighted": lambda seed: Weighted(np.arange(103), seed=seed),
    "balanced": lambda seed: class_balanced(np.arange(103) % 3, seed=seed),
    "bucketed": lambda seed: LengthBucketed(LENGTHS, batch_size=10, seed=seed),
    "custom": lambda seed: Custom(lambda epoch, n, rng: rng.permutation(n)[:40], 103, seed=seed),
}


@pytest.mark.parametrize("name", MAKERS)
@given(data=st.data())
def test_any_piece_of_an_epoch_is_that_piece_whatever_was_asked_before(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 2**40))
    used, fresh = MAKERS[name](seed), MAKERS[name](seed)
    for _ in range(4):
        epoch, start, size = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 100), st.integers(0, 50)))
        n = fresh.num_samples
        piece = used.indices(epoch, start, start + size)
        assert np.array_equal(piece, MAKERS[name](seed).indices(epoch, 0, n)[start : start + size])


def test_a_large_set_is_shuffled_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    with_table = Shuffled(1000, seed=4).indices(2, 0, 1000)
    monkeypatch.setattr(samplers, "TABLE_LIMIT", 10)
    without = Shuffled(1000, seed=4)
    assert np.array_equal(np.concatenate([without.indices(2, i, i + 64) for i in range(0, 1000, 64)]), with_table)


def test_weights_are_the_probabilities() -> None:
    weights = np.asarray([0.0, 1.0, 2.0, 5.0, 0.0])
    sampler = Weighted(weights, seed=1, num_samples=80_000)
    shares = np.bincount(sampler.indices(0, 0, 80_000), minlength=5) / 80_000
    assert shares[0] == shares[4] == 0
    assert np.abs(shares - weights / 8).max() < 0.01


def test_the_largest_uniform_number_still_draws_a_sample_that_has_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "uniform_array", lambda key, n: np.full(n, 1 - 2.0**-53))
    weights = np.append(np.full(999, 0.1), 0.0)
    assert Weighted(weights, seed=0).indices(0, 0, 5).max() == 998


def test_balanced_classes_are_equally_frequent() -> None:
    labels = np.repeat([0, 1, 2], [900, 90, 10])
    drawn = labels[class_balanced(labels, seed=0, num_samples=30_000).indices(0, 0, 30_000)]
    assert np.abs(np.bincount(drawn) / 30_000 - 1 / 3).max() < 0.02


def test_buckets_hold_similar_lengths_and_every_sample_once() -> None:
    sampler = LengthBucketed(LENGTHS, batch_size=10, seed=0)
    first, second = sampler.indices(0, 0, 103), sampler.indices(1, 0, 103)
    assert sorted(first) == list(range(103))
    assert not np.array_equal(first, second)
    spreads = [np.ptp(LENGTHS[first[i : i + 10]]) for i in range(0, 100, 10)]
    assert max(spreads) <= 12
    starts = [LENGTHS[first[i]] for i in range(0, 100, 10)]
    assert starts != sorted(starts)


@pytest.mark.parametrize("weights", [[], [-1.0, 2.0], [0.0, 0.0], [float("nan")], [[1.0]]])
def test_impossible_weights_are_refused(weights: Any) -> None:
    with pytest.raises(ConfigError, match="weights"):
        Weighted(weights, seed=0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda epoch, n, rng: [0.5], "list of sample numbers"),
        (lambda epoch, n, rng: [0, 9], "samples are 0..4"),
        (lambda epoch, n, rng: [-1], "samples are 0..4"),
        (lambda epoch, n, rng: list(range(epoch + 1)), "equally many"),
    ],
)
def test_a_custom_order_that_is_not_one_is_refused(function: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Custom(function, 5, seed=0).indices(1, 0, 5)


def test_listed_batches_come_as_they_are() -> None:
    sampler = Listed(lambda epoch: [[epoch, 1], [2]], 5)
    assert sampler.num_batches == 2
    assert [batch.tolist() for batch in sampler.batches(4)] == [[4, 1], [2]]


def test_uniform_numbers_are_uniform_and_keyed() -> None:
    numbers = uniform_array(12345, 100_000)
    assert 0 <= numbers.min() < 1e-3
    assert 0.999 < numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005
    assert uniform_array(12345, 3).tolist() == [0.1330796686614273, 0.20481663336165912, 0.11954258300911547]
    assert np.array_equal(uniform_array(12345, 10), numbers[:10])
    assert not np.array_equal(uniform_array(12346, 10), numbers[:10])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda epoch: [[0]] * (epoch + 1), "1 in epoch 0"),
        (lambda epoch: [[0, 7]], "samples 0..4"),
        (lambda epoch: [[]], "must hold"),
    ],
)
def test_listed_batches_that_cannot_be_used_are_refused(function: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Listed(function, 5).batches(1)
