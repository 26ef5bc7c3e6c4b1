"""The keyed permutation: a bijection for every size, the same values for ever, and evenly spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.data.order import feistel, num_bits, order_key, permutation, permute, walk

SIZES_AROUND_POWERS = sorted({max(1, 2**k + d) for k in range(18) for d in (-1, 0, 1)})


def is_permutation(values: np.ndarray, n: int) -> bool:
    return len(values) == n and values.min() == 0 and np.bincount(values, minlength=n).max() == 1


@pytest.mark.parametrize(
    ("n", "seed", "epoch", "expected"),
    [
        (1, 0, 0, [0]),
        (7, 0, 0, [1, 5, 3, 2, 6, 0, 4]),
        (10, 42, 3, [2, 0, 4, 7, 1, 6, 8, 3, 9, 5]),
        (1437, 1, 0, [475, 938, 261, 36, 1391, 1196, 999, 614, 1287, 1118]),
        (65537, 0, 1, [46754, 29050, 45152, 20817, 11671, 21387, 4732, 41526, 7200, 10592]),
        (
            100_000_000,
            7,
            2,
            [53125482, 1973684, 38924672, 63678338, 33678838, 55434518, 9612888, 4714967, 67700576, 44271467],
        ),
    ],
)
def test_golden_vectors(n: int, seed: int, epoch: int, expected: list[int]) -> None:
    positions = np.arange(min(n, 10), dtype=np.int64)
    assert permute(positions, n, order_key(seed, epoch)).tolist() == expected


@pytest.mark.parametrize("n", SIZES_AROUND_POWERS)
def test_it_is_a_bijection_around_powers_of_two(n: int) -> None:
    assert is_permutation(permutation(n, order_key(3, 0)), n)


def test_it_is_a_bijection_for_every_small_size() -> None:
    for n in range(1, 1000):
        assert is_permutation(permutation(n, order_key(1, n)), n), n


@pytest.mark.slow
def test_it_is_a_bijection_for_every_size_up_to_70000() -> None:
    # the network permutes each whole domain, and the walk is checked for every n over the table of that network
    tables = {}
    for bits in range(2, 19, 2):
        table = feistel(np.arange(1 << bits, dtype=np.int64), bits, order_key(5, 0))
        assert is_permutation(table, 1 << bits)
        tables[bits] = table
    for n in range(1, 70_001):
        values = walk(np.arange(n, dtype=np.int64), n, tables[num_bits(n)].take)
        seen = np.zeros(n, dtype=bool)
        seen[values] = True
        assert seen.all(), n


@pytest.mark.parametrize("bits", [26, 28])
def test_the_direct_rounds_of_large_domains_permute(bits: int) -> None:
    # a window of a large domain must come out without a repeat; the inverse rounds exist for any round function
    window = feistel(np.arange(1 << 17, dtype=np.int64), bits, 12345)
    assert len(np.unique(window)) == 1 << 17
    assert window.min() >= 0
    assert window.max() < 1 << bits


@given(n=st.integers(1, 5000), seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 10**6), data=st.data())
def test_any_part_of_the_order_equals_that_part_of_the_table(
    n: int, seed: int, epoch: int, data: st.DataObject
) -> None:
    positions = np.asarray(data.draw(st.lists(st.integers(0, n - 1), max_size=20)), dtype=np.int64)
    key = order_key(seed, epoch)
    assert np.array_equal(permute(positions, n, key), permutation(n, key)[positions])


def test_epochs_and_seeds_have_different_orders() -> None:
    orders = {tuple(permutation(50, order_key(seed, epoch))) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100


def chi_square_per_freedom(counts: np.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum() / (counts.size - 1))


@pytest.mark.parametrize("n", [2, 3, 8, 31])
def test_every_sample_is_equally_often_at_every_place(n: int) -> None:
    tables = np.stack([permutation(n, order_key(9, epoch)) for epoch in range(1500)])
    counts = np.stack([np.bincount(tables[:, place], minlength=n) for place in range(n)])
    # (n-1)^2 degrees of freedom; the bound is over five standard deviations away
    freedom = (n - 1) ** 2
    statistic = ((counts - 1500 / n) ** 2 / (1500 / n)).sum()
    assert statistic < freedom + 5.5 * np.sqrt(2 * freedom) + 10


@pytest.mark.parametrize("n", [3, 4, 5])
def test_every_order_of_a_small_set_is_equally_likely(n: int) -> None:
    tables = [tuple(permutation(n, order_key(4, epoch))) for epoch in range(2500)]
    _, counts = np.unique(tables, axis=0, return_counts=True)
    freedom = int(np.prod(np.arange(1, n + 1))) - 1
    assert len(counts) == freedom + 1
    assert chi_square_per_freedom(counts) * freedom < freedom + 5.5 * np.sqrt(2 * freedom) + 10


@pytest.mark.parametrize("n", [1000, 60_000])
def test_neighbours_in_the_data_are_not_neighbours_in_the_order(n: int) -> None:
    order = permutation(n, order_key(2, 5)).astype(np.float64)
    correlation = np.corrcoef(order[:-1], order[1:])[0, 1]
    trend = np.corrcoef(order, np.arange(n))[0, 1]
    assert abs(correlation) < 5 / np.sqrt(n)
    assert abs(trend) < 5 / np.sqrt(n)
