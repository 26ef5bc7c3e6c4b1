"""The digest chain: equal histories have equal chains, and the first difference is found by bisection."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.errors import DataError
from seedbed.state import StepRecord
from seedbed.tracking.trace import Trace, leaf_period
from seedbed.tracking.trace_file import TraceReader, first_difference


def record(step: int, loss: float, ids: list[int]) -> StepRecord:
    return StepRecord(
        step=step,
        epoch=0,
        ends_epoch=False,
        loss=torch.tensor(loss),
        learning_rate=0.1,
        num_samples=len(ids),
        indices=[np.asarray(ids, dtype=np.int64)],
    )


def write(folder: Path, losses: list[float], weights: torch.Tensor | None = None) -> TraceReader:
    folder.mkdir(exist_ok=True)
    trace = Trace(folder, {"w": torch.zeros(3) if weights is None else weights})
    trace.start(None)
    for step, loss in enumerate(losses, start=1):
        trace.add(record(step, loss, [step, step + 1]))
    trace.close()
    return TraceReader(folder)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=40), st.data())
def test_bisection_finds_the_first_update_that_differs(
    tmp_path_factory: pytest.TempPathFactory, losses: list[float], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("traces")
    where = data.draw(st.integers(0, len(losses) - 1))
    other = list(losses)
    other[where] += 1.0
    a, b = write(folder / "a", losses), write(folder / "b", other)
    assert first_difference(a, b) == where
    assert first_difference(a, write(folder / "c", losses)) is None


def test_a_chain_goes_on_after_a_checkpoint_and_drops_what_came_later(tmp_path: Path) -> None:
    straight = write(tmp_path / "a", [0.1, 0.2, 0.3, 0.4])
    (tmp_path / "b").mkdir()
    trace = Trace(tmp_path / "b", {"w": torch.zeros(3)})
    trace.start(None)
    trace.add(record(1, 0.1, [1, 2]))
    trace.add(record(2, 0.2, [2, 3]))
    state = trace.state
    trace.add(record(3, 9.9, [3, 4]))
    trace.close()
    again = Trace(tmp_path / "b", {"w": torch.zeros(3)})
    again.start(state)
    again.add(record(3, 0.3, [3, 4]))
    again.add(record(4, 0.4, [4, 5]))
    again.close()
    assert (tmp_path / "b" / "trace.bin").read_bytes() == (tmp_path / "a" / "trace.bin").read_bytes()
    assert first_difference(straight, TraceReader(tmp_path / "b")) is None


def test_a_shortened_file_is_noticed_when_going_on(tmp_path: Path) -> None:
    write(tmp_path, [0.1, 0.2])
    (tmp_path / "trace.bin").write_bytes(b"")
    with pytest.raises(DataError, match="shorter than the checkpoint says"):
        Trace(tmp_path, {"w": torch.zeros(3)}).start({"chain": "00" * 16, "steps": 2, "leaves": 2})


def test_one_flipped_bit_of_a_weight_changes_its_leaf_and_names_it(tmp_path: Path) -> None:
    weights = torch.zeros(3)
    a = write(tmp_path / "a", [0.1], weights)
    weights.view(torch.int32)[1] ^= 1
    b = write(tmp_path / "b", [0.1], weights)
    left, right = a.leaves_at(1), b.leaves_at(1)
    assert left is not None
    assert right is not None
    assert left["w"] != right["w"]
    assert first_difference(a, b) == 0


def test_the_period_of_weight_digests_grows_with_the_weights() -> None:
    small, large = {"w": torch.zeros(10)}, {"w": torch.empty(0).expand(0)}
    assert leaf_period(small) == 1
    large = {f"w{i}": torch.zeros(100_000) for i in range(10)}
    assert leaf_period(large) in {64, 128, 256}


@pytest.mark.parametrize("loss", [1e39, -1e300])
def test_a_loss_beyond_float32_is_infinite_in_the_chain(tmp_path: Path, loss: float) -> None:
    one = record(1, 0.0, [1])
    one.value = loss
    trace = Trace(tmp_path, {"w": torch.zeros(3)})
    trace.start(None)
    trace.add(one)
    trace.close()
    assert TraceReader(tmp_path).steps["loss"].view("<f4").tolist() == [math.copysign(math.inf, loss)]
