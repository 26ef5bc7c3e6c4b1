"""Small batches are gathered together, and nobody can tell."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.batch import Batch, Cursor
from seedbed.data.batches import ALIGNMENT, TrainBatches, batches_together
from seedbed.data.pipeline import Pipeline
from seedbed.data.samplers import Shuffled
from seedbed.data.samples import TensorSamples

CPU = torch.device("cpu")


def make_batches(count: int, features: int, batch_size: int) -> TrainBatches:
    samples = TensorSamples(torch.arange(count * features).view(count, features).float(), torch.arange(count))
    return TrainBatches(samples, Shuffled(count, seed=3), Pipeline(CPU, seed=0), batch_size=batch_size)


def take(batches: TrainBatches, epoch: int, number: int) -> Batch:
    (batch,), _ = batches.take(Cursor(epoch, number), 1)
    return batch


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 300),
    features=st.integers(1, 40),
    batch_size=st.integers(1, 40),
    places=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 299)), min_size=1, max_size=30),
)
def test_a_batch_has_the_rows_that_its_indices_name(
    count: int, features: int, batch_size: int, places: list[tuple[int, int]]
) -> None:
    batches = make_batches(count, features, batch_size)
    for epoch, number in places:
        batch = take(batches, epoch, number % batches.batches_per_pass)
        rows = torch.from_numpy(batch.indices)
        assert torch.equal(batch.targets, rows)
        assert torch.equal(batch.inputs, (rows[:, None] * features + torch.arange(features)).float())


def test_small_batches_are_views_of_one_gather_and_begin_where_memory_of_their_own_would() -> None:
    batches = make_batches(100, 16, 8)
    found = [take(batches, 0, number) for number in range(13)]
    assert len({batch.inputs.untyped_storage().data_ptr() for batch in found}) == 1
    assert all(batch.inputs.data_ptr() % ALIGNMENT == 0 for batch in found)
    assert all(batch.targets.data_ptr() % ALIGNMENT == 0 for batch in found)
    assert batches_together(torch.zeros(4, 3), torch.zeros(4), 8) == 1  # 96 bytes: the next one would begin elsewhere
    assert batches_together(torch.zeros(4, 1 << 20), torch.zeros(4), 16) == 1
    assert batches_together(torch.zeros(4, 16), torch.zeros(4), 16) == 256


def test_writing_into_a_batch_changes_no_other_one() -> None:
    batches = make_batches(100, 16, 8)
    expected = take(batches, 0, 2).inputs.clone()
    take(batches, 0, 1).inputs.zero_()
    for _ in range(2):
        again = take(batches, 0, 2)
        assert torch.equal(again.inputs, expected)
        again.inputs.zero_()
