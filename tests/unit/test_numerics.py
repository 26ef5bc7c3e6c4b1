"""Threads follow the work of an update, which is estimated from shapes alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seedbed.numerics import choose_threads, estimate_work

CNN = nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), nn.Flatten(), nn.Linear(320, 10))


@pytest.mark.parametrize(
    ("model", "batch_size", "shape", "tokens", "expected"),
    [
        (nn.Linear(4, 2), 3, (4,), False, 10 * 3),
        (nn.Linear(4, 2), 3, (7, 4), False, 10 * 7 * 3),
        (nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)), 2, (5,), True, 45 * 5 * 2),
        (nn.Conv1d(2, 3, 3), 1, (2, 50), False, 21 * 50),
        (nn.Conv2d(3, 8, 3, stride=2), 1, (3, 32, 32), False, 224 * 256),
        (CNN, 1, (1, 28, 28), False, 260 * 784 + 5020 * 196 + 3210),
        (nn.LazyLinear(3), 4, (5,), False, 0),
        (nn.Linear(4, 2), 3, (), False, 30),
    ],
)
def test_work_is_weights_times_places(
    model: nn.Module, batch_size: int, shape: tuple[int, ...], tokens: bool, expected: int
) -> None:
    assert estimate_work(model, batch_size, shape, tokens=tokens) == expected


def test_small_work_takes_one_thread_and_large_work_all_there_are() -> None:
    assert choose_threads(estimate_work(nn.Linear(64, 10), 32, (64,))) == 1
    assert choose_threads(estimate_work(CNN, 128, (1, 28, 28))) == torch.get_num_threads()
