"""Collating: what items become, and what an item that does not fit is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seedbed.data.collate import collate_default, collate_padded, image_to_tensor
from seedbed.data.samples import split_item
from seedbed.errors import DataError


def test_numbers_arrays_and_tensors_are_stacked() -> None:
    items = [(torch.zeros(2), 1, 0.5, np.float32(2), np.arange(3), True) for _ in range(4)]
    got = collate_default(items, range(4))
    assert [part.shape for part in got] == [(4, 2), (4,), (4,), (4,), (4, 3), (4,)]
    assert [part.dtype for part in got[1:4]] == [torch.int64, torch.float32, torch.float32]
    assert got[5].dtype == torch.bool


def test_dicts_are_stacked_and_strings_stay() -> None:
    items = [{"x": torch.zeros(1), "name": f"n{i}", "inner": (i, None)} for i in range(3)]
    got = collate_default(items, range(3))
    assert got["x"].shape == (3, 1)
    assert got["name"] == ["n0", "n1", "n2"]
    assert got["inner"][0].tolist() == [0, 1, 2]
    assert got["inner"][1] is None


@pytest.mark.parametrize(
    ("mode", "channels"),
    [("L", 1), ("RGB", 3), ("RGBA", 4), ("P", 3), ("1", 1), ("F", 1), ("I;16", 1), ("I", 1), ("LA", 2)],
)
def test_a_picture_becomes_floats_channels_first(mode: str, channels: int) -> None:
    tensor = image_to_tensor(Image.new(mode, (5, 4)))
    assert tensor.shape == (channels, 4, 5)
    assert tensor.dtype == torch.float32


def test_pixels_are_between_0_and_1() -> None:
    assert image_to_tensor(Image.new("RGB", (2, 2), (255, 0, 51)))[:, 0, 0].tolist() == [1.0, 0.0, pytest.approx(0.2)]
    assert image_to_tensor(Image.new("I;16", (2, 2), 65535)).max() == 1
    assert image_to_tensor(Image.new("1", (2, 2), 1)).max() == 1


def test_sequences_are_padded_with_a_mask() -> None:
    items = [(torch.ones(length, 2), length) for length in (3, 1, 2)]
    inputs, targets = collate_padded(items, range(3))
    assert inputs["x"].shape == (3, 3, 2)
    assert inputs["mask"].sum(1).tolist() == [3, 1, 2]
    assert torch.equal(inputs["x"].sum(dim=(1, 2)), torch.tensor([6.0, 2.0, 4.0]))
    assert targets.tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            [torch.zeros(3, 38), torch.zeros(3, 40)],
            r"sample 17 has shape \(3, 40\), sample 4 \(3, 38\); use collate='padded'",
        ),
        ([torch.zeros(2), torch.zeros(2).long()], "sample 17 has dtype torch.int64"),
        ([{"a": 1}, {"b": 1}], r"sample 17 has \['b'\], sample 4 has \['a'\]"),
        ([{"a": 1}, 3], "sample 17 has int"),
        ([(1, 2), (1,)], "sample 17 has 1 parts, sample 4 has 2"),
    ],
)
def test_items_that_do_not_fit_are_named(items: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        collate_default(items, [4, 17])


def test_padding_pads_only_the_first_dimension() -> None:
    with pytest.raises(DataError, match="only the first dimension"):
        collate_padded([torch.zeros(3, 2), torch.zeros(3, 4)], [0, 1])


@pytest.mark.parametrize(
    ("item", "inputs", "targets"),
    [
        ((1, 2), 1, 2),
        ([1, 2], 1, 2),
        ({"image": 1, "label": 2}, 1, 2),
        ({"a": 1, "b": 3, "y": 2}, {"a": 1, "b": 3}, 2),
        ({"a": 1, "b": 3}, {"a": 1, "b": 3}, None),
        (5, 5, None),
        ((1, 2, 3), (1, 2, 3), None),
    ],
)
def test_an_item_is_input_and_target(item: Any, inputs: Any, targets: Any) -> None:
    assert split_item(item) == (inputs, targets)
