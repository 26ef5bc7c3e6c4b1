"""Transforms and their random numbers: each sample by its own, whatever batch it is in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seedbed.data.randomness import BatchRandom, normals, uniforms, words
from seedbed.data.transforms import TRANSFORMS, Cutout, HorizontalFlip, RandomCrop, RandomShift, make_transforms
from seedbed.errors import DataError

IDS = torch.arange(40)
IMAGES = torch.rand(40, 3, 8, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", TRANSFORMS)
@given(chosen=st.lists(st.integers(0, 39), min_size=1, max_size=10))
def test_what_a_sample_gets_does_not_depend_on_its_batch(name: str, chosen: list[int]) -> None:
    transform = TRANSFORMS[name]()
    whole = transform(IMAGES, BatchRandom(7, IDS))
    part = transform(IMAGES[chosen], BatchRandom(7, IDS[chosen]))
    assert torch.equal(part, whole[chosen])


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_input_is_left_as_it_was_and_the_shape_stays(name: str) -> None:
    x = IMAGES.clone()
    result = TRANSFORMS[name]()(x, BatchRandom(1, IDS))
    assert torch.equal(x, IMAGES)
    assert result.shape == x.shape
    assert result.dtype == x.dtype
    assert not torch.equal(result, x)


def test_a_crop_is_a_window_of_the_padded_image() -> None:
    result = RandomCrop(padding=2)(IMAGES, BatchRandom(3, IDS))
    padded = torch.nn.functional.pad(IMAGES, (2, 2, 2, 2))
    offsets = set()
    for number in range(40):
        places = [
            (i, j)
            for i in range(5)
            for j in range(5)
            if torch.equal(padded[number, :, i : i + 8, j : j + 6], result[number])
        ]
        assert len(places) == 1
        offsets.add(places[0])
    assert len(offsets) > 15


def test_a_flip_flips_about_half() -> None:
    x = IMAGES[:1].expand(2000, -1, -1, -1)
    result = HorizontalFlip()(x, BatchRandom(3, torch.arange(2000)))
    flipped = (result == IMAGES[0].flip(-1)).flatten(1).all(1)
    kept = (result == IMAGES[0]).flatten(1).all(1)
    assert (flipped ^ kept).all()
    assert 900 < flipped.sum() < 1100
    assert torch.equal(HorizontalFlip(p=0.0)(IMAGES, BatchRandom(3, IDS)), IMAGES)


def test_a_shift_moves_and_fills_with_zeros() -> None:
    series = torch.arange(1.0, 11.0).expand(40, 1, 10)
    result = RandomShift(limit=3)(series, BatchRandom(5, IDS))
    shifts = set()
    for row in result[:, 0]:
        (shift,) = [
            s
            for s in range(-3, 4)
            if torch.equal(row, torch.tensor([float(i + 1 - s) if 0 <= i - s < 10 else 0.0 for i in range(10)]))
        ]
        shifts.add(shift)
    assert shifts == set(range(-3, 4))


def test_a_cutout_is_one_square_in_all_channels() -> None:
    result = Cutout(size=3)(IMAGES + 1, BatchRandom(5, IDS))
    holes = result == 0
    assert torch.equal(holes[:, 0], holes[:, 1])
    areas = holes[:, 0].flatten(1).sum(1)
    assert areas.max() == 9
    assert areas.min() >= 4


@pytest.mark.parametrize("name", ["random_crop", "horizontal_flip", "cutout", "random_shift"])
def test_data_without_space_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=name):
        TRANSFORMS[name]()(torch.zeros(4, 3), BatchRandom(0, IDS[:4]))


def test_functions_and_dicts_make_transforms() -> None:
    def own(x: torch.Tensor, rng: BatchRandom) -> torch.Tensor:
        return x

    made: list[Any] = make_transforms([own, "cutout", {"type": "random_crop", "args": {"padding": 1}}])
    assert made[0] is own
    assert made[2].padding == 1


def test_uniform_numbers_pass_a_test_of_uniformity_and_independence() -> None:
    numbers = uniforms(99, torch.arange(20_000), 4).numpy()
    assert numbers.dtype == np.float32
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 1e-3
    correlation = np.corrcoef(numbers.T) - np.eye(4)
    assert np.abs(correlation).max() < 0.03
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < 0.03


def test_normal_numbers_pass_a_test_of_normality() -> None:
    numbers = normals(99, torch.arange(20_000), 2)
    assert torch.isfinite(numbers).all()
    assert stats.kstest(numbers.double().numpy().ravel(), "norm").pvalue > 1e-3


def test_integers_are_even_and_in_range() -> None:
    numbers = BatchRandom(4, torch.arange(30_000)).integers(-2, 4, 1)
    counts = np.bincount(numbers.ravel() + 2)
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_later_calls_draw_new_numbers_and_later_draws_continue_the_first() -> None:
    rng = BatchRandom(4, IDS)
    assert not torch.equal(rng.uniform(2), rng.uniform(2))
    assert torch.equal(uniforms(4, IDS, 5)[:, 2:], uniforms(4, IDS, 3, first_draw=2))
    assert not torch.equal(uniforms(4, IDS, 2), uniforms(5, IDS, 2))


def test_random_words_never_change() -> None:
    assert words(1, torch.tensor([0, 5]), 2).tolist() == [
        [-4616330145664149646, 6869446166584666695],
        [4611819469741994664, 8560723563155339226],
    ]
