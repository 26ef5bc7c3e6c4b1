"""Samples that repeat are counted as Python's own dicts count them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.data.samples import TensorSamples
from seedbed.doctor.jobs.samples import Known, among

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12)


def samples_of(rows: list[tuple[int, int]]) -> TensorSamples:
    return TensorSamples(torch.tensor(rows, dtype=torch.int64), torch.zeros(len(rows)))


@given(ROWS, ROWS)
def test_repeated_and_shared_rows_are_counted(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> None:
    train, other = samples_of(ours), samples_of(theirs)
    known = Known(train, train.rows)
    assert known.num_repeated() == sum(times - 1 for times in Counter(ours).values())
    assert known.num_shared(other, other.rows) == sum(row in ours for row in theirs)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5)), st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5)))
def test_numbers_are_found_among_others(numbers: list[int], others: list[int]) -> None:
    found = among(np.array(numbers, np.uint64), np.sort(np.array(others, np.uint64)))
    assert found.tolist() == [number in others for number in numbers]
