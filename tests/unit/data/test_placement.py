"""Where data lie is decided by size and by the user, and changes no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from seedbed.batch import Cursor
from seedbed.data.batches import EvalBatches, TrainBatches
from seedbed.data.pipeline import Pipeline
from seedbed.data.placement import COPY_LIMIT, FLOAT_LIMIT, needs_pinning, place, to_device
from seedbed.data.samplers import Shuffled
from seedbed.data.samples import TensorSamples, select_rows

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GB = 10**9


@pytest.mark.parametrize(
    ("size", "device", "options", "kind"),
    [
        (1000, CPU, {}, "finished"),
        (1000, CPU, {"pure": False}, "host"),
        (FLOAT_LIMIT, CPU, {"images": True}, "host"),
        (COPY_LIMIT + 1, CPU, {}, "host"),
        (1000, CPU, {"resident": False}, "finished"),  # the host is where they are anyway
        (1000, CUDA, {"free": 100 * GB}, "finished"),
        (1000, CUDA, {"free": 100 * GB, "pure": False}, "raw"),
        (30 * GB, CUDA, {"free": 100 * GB, "images": True}, "raw"),  # as floats they would not fit
        (50 * GB, CUDA, {"free": 100 * GB}, "host"),
        (50 * GB, CUDA, {"free": 100 * GB, "resident": True}, "raw"),
        (1000, CUDA, {"free": 100 * GB, "resident": False}, "host"),
        (1000, CUDA, {"free": 100 * GB, "overlapping": True}, "host"),
        (COPY_LIMIT + 1, CUDA, {"free": None}, "host"),
    ],
)
def test_data_lie_where_they_fit(size: int, device: torch.device, options: dict[str, Any], kind: str) -> None:
    placement = place(size, device, **{"pure": True, "images": False, **options})
    assert placement.kind == kind
    assert placement.why


def test_only_what_comes_from_pageable_memory_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda self: False)
    batch = torch.ones(3)
    assert needs_pinning(batch, CUDA)
    assert not needs_pinning(batch, CPU)
    assert not needs_pinning(torch.ones(()), CUDA)
    assert not needs_pinning(torch.ones(3, device="meta"), CUDA)
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda self: True)
    assert not needs_pinning(batch, CUDA)
    assert to_device(batch, CPU) is batch


def make_batches(images: torch.Tensor, *, channels_last: bool, split: int | None = None) -> TrainBatches:
    samples = TensorSamples(images, torch.arange(len(images)))
    pipeline = Pipeline(CPU, seed=0, transforms=() if split is None else (lambda x, rng: x + 1,))
    pipeline.channels_last = channels_last
    return TrainBatches(samples, Shuffled(len(samples), seed=0), pipeline, batch_size=4)


@pytest.mark.parametrize("transformed", [None, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
def test_the_layout_of_a_batch_changes_no_value(dtype: torch.dtype, transformed: int | None) -> None:
    images = torch.randint(0, 255, (10, 3, 5, 6)).to(dtype)
    plain = make_batches(images, channels_last=False, split=transformed)
    other = make_batches(images, channels_last=True, split=transformed)
    for number in range(3):
        (a,), _ = plain.take(Cursor(batch=number), 1)
        (b,), _ = other.take(Cursor(batch=number), 1)
        assert torch.equal(a.inputs, b.inputs)
        np.testing.assert_array_equal(a.indices, b.indices)
        assert b.inputs.is_contiguous(memory_format=torch.channels_last)
    other.pipeline.channels_last = False  # and back
    assert other.take(Cursor(), 1)[0][0].inputs.is_contiguous()


def test_evaluation_has_the_layout_of_training() -> None:
    train = make_batches(torch.rand(10, 3, 5, 6), channels_last=False)
    evaluation = EvalBatches(train.samples, train.pipeline, batch_size=4)
    assert next(iter(evaluation)).inputs.is_contiguous()
    train.pipeline.channels_last = True
    assert next(iter(evaluation)).inputs.is_contiguous(memory_format=torch.channels_last)


def test_vectors_and_targets_keep_their_layout() -> None:
    batches = make_batches(torch.rand(10, 7), channels_last=True)
    (batch,), _ = batches.take(Cursor(), 1)
    assert batch.inputs.is_contiguous()
    assert batch.targets.tolist() == batch.indices.tolist()


def test_rows_keep_the_layout_of_the_whole() -> None:
    images = nn.Conv2d(3, 4, 3)(torch.rand(6, 3, 8, 8)).detach().contiguous(memory_format=torch.channels_last)
    rows = torch.tensor([4, 0, 4])
    assert torch.equal(select_rows(images, rows), images.index_select(0, rows))
    assert select_rows(images, rows).is_contiguous(memory_format=torch.channels_last)
    assert select_rows(images.contiguous(), rows).is_contiguous()
