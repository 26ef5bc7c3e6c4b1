"""Streams of random numbers: named, independent, and put back."""

from __future__ import annotations

import random

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.seeding import (
    capture_rng,
    forked_rng,
    numpy_generator,
    reseed_globals,
    restore_rng,
    seed_everything,
    stream_key,
    torch_generator,
)


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.random()), float(torch.rand(()))


def test_keys_are_the_same_on_every_machine() -> None:
    assert stream_key(0, "order", 0) == 15237432154577727339
    assert stream_key(42, "augment", 3, 17) == 14004072313885568983


@given(st.integers(0, 2**63 - 1), st.lists(st.one_of(st.text(max_size=5), st.integers(-5, 5)), max_size=4))
def test_a_key_fits_64_bits_and_depends_on_every_name(seed: int, names: list[str | int]) -> None:
    key = stream_key(seed, *names)
    assert 0 <= key < 2**64
    assert key != stream_key(seed, *names, "more")
    assert key != stream_key(seed + 1, *names)


def test_a_number_and_its_text_are_different_names() -> None:
    assert stream_key(0, 1) != stream_key(0, "1")


def test_generators_of_one_stream_repeat_and_of_two_streams_differ() -> None:
    assert torch.equal(
        torch.rand(4, generator=torch_generator(1, "a")), torch.rand(4, generator=torch_generator(1, "a"))
    )
    assert numpy_generator(1, "a").random() != numpy_generator(1, "b").random()


def test_seeding_everything_repeats_all_three_libraries() -> None:
    seed_everything(5)
    first = draw()
    seed_everything(5)
    assert draw() == first
    seed_everything(6)
    assert draw() != first


def test_captured_generators_go_on_where_they_were() -> None:
    seed_everything(1)
    random.gauss(0, 1)  # leaves half a pair behind
    np.random.standard_normal()
    state = capture_rng()
    first = (*draw(), random.gauss(0, 1), float(np.random.standard_normal()))
    restore_rng(state)
    assert (*draw(), random.gauss(0, 1), float(np.random.standard_normal())) == first


def test_a_fork_leaves_no_trace_and_starts_where_it_is_told() -> None:
    seed_everything(1)
    expected = draw()
    seed_everything(1)
    with forked_rng(7):
        inside = draw()
    assert draw() == expected
    with forked_rng(7):
        assert draw() == inside


@given(st.integers(0, 2**64 - 1))
def test_reseeding_the_globals_takes_any_key(key: int) -> None:
    with forked_rng():
        reseed_globals(key)
        first = draw()
        reseed_globals(key)
        assert draw() == first
