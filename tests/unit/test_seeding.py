"""Every generator's state is kept and put back; streams are what they were."""

from __future__ import annotations

import random

import numpy as np
import torch

from seedbed.seeding import capture_rng, forked_rng, restore_rng, seed_everything, stream_key


def draw() -> tuple[float, float, float, float]:
    return random.random(), random.gauss(0, 1), float(np.random.rand()), float(torch.rand(()))


def test_what_was_captured_is_drawn_again() -> None:
    with forked_rng():
        seed_everything(3)
        random.gauss(0, 1)  # leaves a second value behind
        state = capture_rng()
        first = [draw() for _ in range(700)]  # past the end of the generators' tables
        restore_rng(state)
        assert [draw() for _ in range(700)] == first


def test_states_of_the_first_versions_hold_a_list() -> None:
    with forked_rng():
        state = capture_rng()
        first = draw()
        state["python"]["words"] = state["python"]["words"].tolist()
        restore_rng(state)
        assert draw() == first


def test_inside_a_fork_nothing_is_seen_outside() -> None:
    with forked_rng(1):
        state = capture_rng()
        with forked_rng(2):
            inside = draw()
        after = draw()
        restore_rng(state)
        assert draw() == after
        assert inside != after


def test_a_stream_is_a_function_of_its_names_and_their_kinds() -> None:
    assert stream_key(0, "a", 1) == stream_key(0, "a", 1)
    assert len({stream_key(0, "a", 1), stream_key(0, "a", "1"), stream_key(0, "a1"), stream_key(1, "a", 1)}) == 4
