"""Numeric settings: made explicit for a run, put back after it."""

from __future__ import annotations

import pytest
import torch

from seedbed.errors import ConfigError
from seedbed.numerics import choose_device, choose_threads, pinned_numerics
from seedbed.provenance import fingerprint_differences, numeric_fingerprint


def test_everything_is_put_back() -> None:
    before = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
    )
    with pinned_numerics(torch.device("cpu"), deterministic=True):
        torch.set_num_threads(1)
        assert torch.are_deterministic_algorithms_enabled()
    after = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
    )
    assert after == before


@pytest.mark.parametrize("name", ["warp", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"trainer\.device"):
        choose_device(name)


def test_small_work_gets_one_thread() -> None:
    assert choose_threads(5_000, 32) == 1


def test_a_changed_thread_count_is_in_the_fingerprint() -> None:
    old = numeric_fingerprint(torch.device("cpu"), {"precision": "fp32"})
    new = {**old, "threads": old["threads"] + 1}
    assert fingerprint_differences(old, new) == [f"threads was {old['threads']}, is {old['threads'] + 1}"]
    assert fingerprint_differences(old, dict(old)) == []
