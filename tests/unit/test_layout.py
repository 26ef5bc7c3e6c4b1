"""How a tensor lies in memory, against what torch does with it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.layout import inspect


@given(st.lists(st.integers(1, 4), min_size=0, max_size=4), st.randoms())
def test_flatten_is_free_exactly_when_torch_can_view_it(shape: list[int], rng: object) -> None:
    order = list(range(len(shape)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    tensor = torch.zeros(shape).permute(order)
    try:
        tensor.view(-1)
        possible = True
    except RuntimeError:
        possible = False
    assert inspect(tensor).flatten_is_free == possible


def test_a_slice_is_a_view_of_a_larger_storage() -> None:
    found = inspect(torch.zeros(10, 10)[2:4, ::2])
    assert found.view_of_larger_storage
    assert found.own_bytes == 40
    assert found.storage_bytes == 400
    assert "writing to it changes" in str(found)


def test_an_expanded_dimension_is_named() -> None:
    found = inspect(torch.zeros(3, 1).expand(3, 5))
    assert found.broadcast_dimensions == (1,)
    assert "one value in memory stands for many" in str(found)


def test_channels_last_is_told_from_contiguous() -> None:
    found = inspect(torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last))
    assert found.channels_last
    assert not found.contiguous


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match="not list"):
        inspect([1])  # type: ignore[arg-type]
