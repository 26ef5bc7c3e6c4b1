"""Splits: nobody in two parts, the sizes that were asked for, and each way's own law."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.data.split import split_groups, split_indices, split_random, split_sizes, split_stratified, split_time
from seedbed.errors import ConfigError, DataError


def is_partition(parts: list[np.ndarray], n: int) -> bool:
    return np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))


@given(n=st.integers(10, 500), val=st.integers(0, 4), test=st.integers(0, 4), seed=st.integers(0, 2**63 - 1))
def test_a_random_split_has_its_sizes_and_no_overlap(n: int, val: int, test: int, seed: int) -> None:
    parts = split_random(n, [val, test], seed=seed)
    assert [len(part) for part in parts] == [n - val - test, val, test]
    assert is_partition(parts, n)
    assert all(np.array_equal(a, b) for a, b in zip(parts, split_random(n, [val, test], seed=seed), strict=True))


@given(labels=st.lists(st.integers(0, 4), min_size=30, max_size=300), seed=st.integers(0, 1000))
def test_a_stratified_split_keeps_every_class_in_proportion(labels: list[int], seed: int) -> None:
    n = len(labels)
    array = np.asarray(labels)
    parts = split_stratified(array, [n // 5, n // 10], seed=seed)
    assert [len(part) for part in parts[1:]] == [n // 5, n // 10]
    assert is_partition(parts, n)
    for part in parts[1:]:
        for label in set(labels):
            expected = (array == label).sum() * len(part) / n
            assert abs((array[part] == label).sum() - expected) <= 2


@given(groups=st.lists(st.integers(0, 12), min_size=60, max_size=200), seed=st.integers(0, 1000))
def test_no_group_is_in_two_parts(groups: list[int], seed: int) -> None:
    array = np.asarray(groups)
    if len(set(groups)) < 9:
        return
    parts = split_groups(array, [5, 5], seed=seed)
    assert is_partition(parts, len(groups))
    assert all(len(part) >= 5 for part in parts[1:])
    members = [set(array[part]) for part in parts]
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]


@given(times=st.lists(st.integers(0, 40), min_size=10, max_size=100))
def test_a_time_split_never_trains_on_what_came_later(times: list[int]) -> None:
    array = np.asarray(times)
    parts = split_time(array, [2, 3])
    assert is_partition(parts, len(times))
    full = [array[part] for part in parts if len(part)]
    assert all(a.max() < b.min() for a, b in itertools.pairwise(full))
    assert len(parts[1]) <= 2
    assert len(parts[2]) <= 3


def test_distinct_times_give_the_exact_sizes() -> None:
    parts = split_time([5, 1, 4, 2, 3], [1, 2])
    assert [part.tolist() for part in parts] == [[1, 3], [4], [0, 2]]


def test_sizes_are_counts_or_fractions() -> None:
    assert split_sizes(1797, [0.2, 100]) == [359, 100]
    assert split_sizes(10, [0.01]) == [1]
    assert split_sizes(10, [0, 0.0]) == [0, 0]
    assert split_sizes(10, [3.0]) == [3]


@pytest.mark.parametrize("part", [-1, -0.1, 1.5, float("nan"), float("inf"), True, "0.1"])
def test_a_size_that_is_none_is_refused(part: Any) -> None:
    with pytest.raises(ConfigError, match="val="):
        split_sizes(10, [part])


@pytest.mark.parametrize("parts", [[2000], [1797], [0.6, 0.4], [0.5, 900]])
def test_a_split_that_leaves_nothing_is_refused(parts: list[Any]) -> None:
    with pytest.raises(DataError, match="of 1797 samples leaves none to train on"):
        split_sizes(1797, parts)


def test_too_few_groups_or_times_are_refused() -> None:
    with pytest.raises(DataError, match="by group leaves no group"):
        split_indices(6, [2, 2], by="group", facts=np.asarray([0, 0, 0, 1, 1, 1]), seed=0)
    with pytest.raises(DataError, match="by time leaves val empty"):
        split_indices(6, [2], by="time", facts=np.zeros(6), seed=0)


def test_the_golden_split_never_changes() -> None:
    train, val = split_random(10, [3], seed=0)
    assert (train.tolist(), val.tolist()) == ([1, 2, 3, 4, 5, 6, 7], [0, 8, 9])
