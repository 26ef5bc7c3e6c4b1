"""Pictures and histograms made ready for trackers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.tracking.media import as_code, enlarge, labelled_grid, stretch, write_pictures
from seedbed.tracking.tracker import MediaKind, Tracker


class Shelf(Tracker):
    def __init__(self) -> None:
        self.items: list[tuple[str, str, Any, int]] = []

    def write(self, event: Mapping[str, Any]) -> None:
        pass

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:
        self.items.append((kind, name, value, step))


@given(count=st.integers(1, 10), channels=st.sampled_from([1, 3]), size=st.sampled_from([4, 8, 28, 100]))
def test_the_grid_holds_every_picture(count: int, channels: int, size: int) -> None:
    images = torch.zeros(count, channels, size, size)
    images[:, :, 0, 0] = 1
    grid = labelled_grid(images, [""] * count)
    side = size * max(1, -(-96 // size))
    columns = int(np.ceil(np.sqrt(count)))
    assert grid.shape[1] == columns * (side + 4) + 4
    black = int((grid == 0).all(-1).sum())
    assert black == count * (side * side - (side // size) ** 2)


def test_each_picture_is_stretched_to_its_own_range() -> None:
    picture = stretch(torch.tensor([[-3.0, 5.0], [1.0, float("nan")]]))
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[0, 1].tolist() == [255, 255, 255]
    assert stretch(torch.full((1, 2, 2), 7.0)).max() == 0
    assert stretch(torch.rand(5, 4, 4)).shape == (4, 4, 3)


def test_small_pictures_are_enlarged_by_a_whole_factor() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert enlarge(picture, 5).shape == (6, 6, 3)
    assert enlarge(picture, 1).shape == (2, 2, 3)


def test_captions_may_be_in_any_script_and_classes_may_be_unknown() -> None:
    shelf = Shelf()
    write_pictures(shelf, torch.rand(2, 8, 8), [torch.tensor(1), 9], ["猫", 9], 4, classes=["a", "b"])
    ((kind, name, picture, step),) = shelf.items
    assert (kind, name, step) == ("image", "samples/predictions", 4)
    assert picture.dtype == np.uint8


def test_code_keeps_its_lines_in_markdown() -> None:
    assert as_code("a\n b") == "    a\n     b"
