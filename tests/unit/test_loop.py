"""One update: exact accumulation, clipping, skipping, custom steps; and the state that it changes."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.batch import Batch, Cursor, Outcome
from seedbed.loop import NonFiniteError, Step, custom_step, steps, train_step
from seedbed.state import Job, Metric, RunningMean, TrainState

NUM_SAMPLES = 24


class SquaredError(nn.Module):
    """A minimal objective."""

    def forward(self, model: nn.Module, batch: Batch) -> Outcome:
        outputs = model(batch.inputs)
        return Outcome(F.mse_loss(outputs, batch.targets), outputs)

    def weight(self, batch: Batch) -> int:
        return batch.num_samples

    def metrics(self) -> dict[str, Metric]:
        return {}


class Slices:
    """Batches in order, without shuffling: a pure function of the cursor."""

    def __init__(self, inputs: Tensor, targets: Tensor, batch_size: int) -> None:
        self.inputs, self.targets, self.size = inputs, targets, batch_size
        self.batches_per_epoch: int | None = math.ceil(len(inputs) / batch_size)

    def take(self, cursor: Cursor, count: int) -> tuple[list[Batch], Cursor]:
        assert self.batches_per_epoch is not None
        stop = min(cursor.batch + count, self.batches_per_epoch)
        found = []
        for number in range(cursor.batch, stop):
            ids = np.arange(number * self.size, min((number + 1) * self.size, len(self.inputs)))
            found.append(Batch(self.inputs[ids], self.targets[ids], ids))
        return found, Cursor(cursor.epoch + 1, 0) if stop == self.batches_per_epoch else Cursor(cursor.epoch, stop)

    def close(self) -> None:
        pass


def make_job(
    batch_size: int = 8, accumulate: int = 1, epochs: int = 1, model: nn.Module | None = None, **state: Any
) -> Job:
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(NUM_SAMPLES, 4, generator=generator, dtype=torch.float64)
    targets = torch.randn(NUM_SAMPLES, 2, generator=generator, dtype=torch.float64)
    if model is None:
        torch.manual_seed(0)
        model = nn.Linear(4, 2, dtype=torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    batches = Slices(inputs, targets, batch_size)
    assert batches.batches_per_epoch is not None
    return Job(
        state=TrainState(
            model=model, objective=SquaredError(), optimizers={"main": optimizer}, device=torch.device("cpu"), **state
        ),
        batches=batches,
        train_step=train_step,
        total_steps=epochs * math.ceil(batches.batches_per_epoch / accumulate),
        total_epochs=epochs,
        accumulate=accumulate,
    )


@settings(max_examples=30, deadline=None)
@given(micro=st.integers(1, NUM_SAMPLES), window=st.integers(1, 30))
def test_accumulating_small_batches_is_the_update_of_the_large_batch(micro: int, window: int) -> None:
    """Also where the last batch is short and the last window is not full."""
    small = make_job(batch_size=micro, accumulate=window)
    large = make_job(batch_size=micro * window)
    losses_small = [float(record.loss) for record in steps(small)]
    losses_large = [float(record.loss) for record in steps(large)]
    assert losses_small == pytest.approx(losses_large, rel=1e-12)
    for a, b in zip(small.state.model.parameters(), large.state.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)
    assert small.state.epoch_loss.mean() == pytest.approx(large.state.epoch_loss.mean(), rel=1e-12)


def test_a_plain_hand_written_loop_gives_the_same_bits() -> None:
    job = make_job(epochs=3)
    model = copy.deepcopy(job.state.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    cursor = Cursor()
    for _ in range(9):
        (batch,), cursor = job.batches.take(cursor, 1)
        optimizer.zero_grad()
        F.mse_loss(model(batch.inputs), batch.targets).backward()
        optimizer.step()
    assert len(list(steps(job))) == 9
    for a, b in zip(job.state.model.parameters(), model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_records_say_which_samples_epoch_and_rate_made_the_update() -> None:
    records = list(steps(make_job(batch_size=10, epochs=2)))
    assert [record.step for record in records] == [1, 2, 3, 4, 5, 6]
    assert [record.epoch for record in records] == [0, 0, 0, 1, 1, 1]
    assert [record.ends_epoch for record in records] == [False, False, True] * 2
    assert [record.num_samples for record in records] == [10, 10, 4] * 2
    assert records[2].indices[0].tolist() == [20, 21, 22, 23]
    assert {record.learning_rate for record in records} == {0.1}


def test_gradients_are_there_to_look_at_when_a_record_is_yielded() -> None:
    job = make_job()
    for _ in steps(job):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in job.state.model.parameters())


def test_clipping_bounds_the_norm_and_reports_it_before_clipping() -> None:
    job = make_job(clip_norm=1e-3)
    record = next(steps(job))
    assert record.grad_norm is not None
    assert float(record.grad_norm) > 1e-3
    clipped = torch.stack([p.grad.norm() for p in job.state.model.parameters() if p.grad is not None]).norm()
    assert float(clipped) == pytest.approx(1e-3, rel=1e-3)


def test_a_non_finite_loss_stops_before_the_weights_are_touched() -> None:
    job = make_job()
    assert isinstance(job.batches, Slices)
    job.batches.inputs[9, 0] = math.nan
    before = None
    with pytest.raises(NonFiniteError) as caught:
        for _ in steps(job):
            before = copy.deepcopy(job.state.model.state_dict())
    assert caught.value.step == 2
    assert caught.value.indices == list(range(8, 16))
    assert before is not None
    assert all(torch.equal(before[name], tensor) for name, tensor in job.state.model.state_dict().items())


def test_the_skip_policy_counts_the_update_and_leaves_it_out() -> None:
    job = make_job(non_finite="skip")
    assert isinstance(job.batches, Slices)
    job.batches.inputs[9, 0] = math.nan
    records = list(steps(job))
    assert [record.skipped for record in records] == [False, True, False]
    assert job.state.skipped == 1
    assert math.isfinite(job.state.epoch_loss.mean())
    assert all(torch.isfinite(p).all() for p in job.state.model.parameters())


def test_a_custom_step_makes_its_own_update_and_keeps_counting() -> None:
    def update(state: TrainState, batch: Batch) -> Step:
        state.optimizer.zero_grad()
        loss = F.l1_loss(state.model(batch.inputs), batch.targets)
        loss.backward()
        state.optimizer.step()
        return Step(loss.detach(), {"twice": 2 * loss.detach()})

    job = make_job()
    job.train_step = custom_step(update)
    records = list(steps(job))
    assert [record.step for record in records] == [1, 2, 3]
    assert float(records[0].scalars["twice"]) == pytest.approx(2 * float(records[0].loss))


def test_the_state_round_trip_continues_bit_for_bit() -> None:
    straight = make_job(epochs=4, batch_size=5)
    for _ in steps(straight):
        pass
    first = make_job(epochs=4, batch_size=5)
    for record in steps(first):
        if record.step == 7:
            break
    saved = copy.deepcopy(first.state.state_dict())
    second = make_job(epochs=4, batch_size=5, model=nn.Linear(4, 2, dtype=torch.float64))
    second.state.load_state_dict(saved)
    for _ in steps(second):
        pass
    assert second.state.step == straight.state.step
    assert second.state.epoch_loss.mean() == straight.state.epoch_loss.mean()
    for a, b in zip(second.state.model.parameters(), straight.state.model.parameters(), strict=True):
        assert torch.equal(a, b)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6, width=32), st.integers(1, 9)), min_size=1), st.data())
def test_the_bits_of_a_running_mean_do_not_depend_on_when_it_is_read(
    values: list[tuple[float, int]], data: st.DataObject
) -> None:
    reads = data.draw(st.sets(st.integers(0, len(values) - 1)))
    quiet, curious = RunningMean(capacity=4), RunningMean(capacity=256)
    for number, (value, weight) in enumerate(values):
        quiet.add(torch.tensor(value), weight)
        curious.add(torch.tensor(value), weight)
        if number in reads:
            restored = RunningMean()
            restored.load_state_dict(curious.state_dict())
            curious = restored
    assert quiet.mean() == curious.mean()
