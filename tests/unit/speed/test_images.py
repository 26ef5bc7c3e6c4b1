"""Images are laid out as channels-last by default where a model takes them so, and the choice is part of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from seedbed.batch import Batch
from seedbed.data.batches import TrainBatches
from seedbed.data.collate import collate_default
from seedbed.data.fetch import DatasetFetcher
from seedbed.data.pipeline import Pipeline
from seedbed.data.samplers import Shuffled
from seedbed.data.samples import DatasetSamples, TensorSamples
from seedbed.loop import train_step
from seedbed.models.lenet import LeNet
from seedbed.models.mlp import MLP
from seedbed.models.resnet import ResNet
from seedbed.objectives.classification import Classification
from seedbed.seeding import capture_rng
from seedbed.speed.images import (
    Convolution,
    Convolutions,
    prefers_channels_last,
    takes_channels_last,
    try_layout,
    why_not_channels_last,
)
from seedbed.state import Job, TrainState

SHAPE = torch.Size((1, 12, 12))


class Viewing(nn.Module):
    """Flattens with ``view``, which needs the channels apart."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(400, 10)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(torch.relu(self.conv(x)).view(len(x), -1))
        return scores


class Memory(Viewing):
    """Looks at the memory itself, and so at another picture in another layout."""

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.conv(x))
        scores: Tensor = self.head(h.as_strided((len(x), 400), (400, 1)))
        return scores


class Sometimes(nn.Module):
    """Takes another way now and then, which one trial need not meet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.calls = nn.Conv2d(1, 4, 3), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        h = self.conv(x)
        return h.view(len(x), -1) if self.calls > 9 else h.flatten(1)


class InEvaluation(nn.Module):
    """Needs the channels apart in evaluation alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv(x)
        return h.flatten(1) if self.training else h.view(len(x), -1)


class Functional(nn.Module):
    """Calls a convolution by its function, where no module tells of it."""

    def __init__(self, channels: int = 4, stride: int = 2) -> None:
        super().__init__()
        self.conv, self.stride = nn.Conv2d(1, channels, 3), stride
        self.weight = nn.Parameter(torch.rand(4, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(self.conv(x), self.weight, stride=self.stride).mean((2, 3))


def job_for(model: nn.Module, images: Tensor, step: Any = train_step) -> Job:
    samples = TensorSamples(images, torch.zeros(len(images), dtype=torch.int64))
    batches = TrainBatches(samples, Shuffled(len(images), seed=0), Pipeline(torch.device("cpu"), seed=0), batch_size=4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    state = TrainState(
        model=model, objective=Classification(), optimizers={"main": optimizer}, device=torch.device("cpu")
    )
    return Job(state=state, batches=batches, train_step=step, total_steps=3, total_epochs=1, accumulate=1)


def test_the_layout_is_chosen_for_images_alone() -> None:
    images = torch.zeros(8, *SHAPE)
    assert prefers_channels_last(job_for(LeNet(image_size=12), images))
    assert prefers_channels_last(job_for(LeNet(image_size=12), images.to(torch.uint8)))
    assert not prefers_channels_last(job_for(MLP(in_features=144, out_features=10), images))
    assert not prefers_channels_last(job_for(LeNet(image_size=12), torch.zeros(8, 144)))
    assert not prefers_channels_last(job_for(LeNet(image_size=12), images, step=lambda state, batches: None))
    assert not prefers_channels_last(job_for(nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten()), images))


@pytest.mark.parametrize("make", [lambda: LeNet(image_size=12), lambda: ResNet(in_channels=1, depth=8)])
def test_a_model_that_takes_both_layouts_is_left_as_it_was(make: Any) -> None:
    model = make()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    generators = capture_rng()
    assert takes_channels_last(model, SHAPE)
    assert repr(capture_rng()) == repr(generators)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None and parameter.is_contiguous() for parameter in model.parameters())


@pytest.mark.parametrize("kind", [Viewing, Memory, Sometimes, InEvaluation])
def test_a_model_that_needs_the_plain_layout_keeps_it(kind: type[nn.Module]) -> None:
    assert not takes_channels_last(kind(), SHAPE)


def test_convolutions_are_seen_whoever_calls_them() -> None:
    with Convolutions() as seen:
        Functional()(torch.zeros(2, *SHAPE))
    assert list(seen.seen) == [Convolution((4, 1, 3, 3), (1, 1)), Convolution((4, 4, 1, 1), (2, 2))]


def test_convolutions_that_write_past_their_memory_keep_the_plain_layout() -> None:
    assert not takes_channels_last(Functional(), SHAPE)
    assert takes_channels_last(Functional(stride=1), SHAPE)
    assert takes_channels_last(Functional(channels=16), SHAPE)
    assert not takes_channels_last(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ConvTranspose2d(4, 1, 3)), SHAPE)


def test_a_wish_for_the_layout_is_refused_with_the_reason_where_memory_would_be_broken() -> None:
    batch = Batch(torch.zeros(2, *SHAPE), torch.zeros(2, dtype=torch.int64), np.arange(2))
    for model, reason in ((Functional(), "stride 2 over 4 channels"), (Functional(channels=16), None)):
        state = job_for(model, batch.inputs).state
        said = why_not_channels_last(state, batch)
        assert (reason is None and said is None) or (reason is not None and said is not None and reason in said)
        assert all(parameter.is_contiguous() for parameter in model.parameters())


SIZES = st.integers(1, 20)


@settings(max_examples=60, deadline=None)
@given(channels=SIZES, out=SIZES, size=st.integers(1, 12), kernel=st.integers(1, 5), stride=st.integers(1, 3))
def test_what_is_let_through_gives_the_same_in_either_layout(
    channels: int, out: int, size: int, kernel: int, stride: int
) -> None:
    if size < kernel or Convolution((out, channels, kernel, kernel), (stride, stride)).writes_beyond():
        return
    model, shape = nn.Conv2d(channels, out, kernel, stride=stride), torch.Size((channels, size, size))
    plain, _ = try_layout(model, shape, torch.contiguous_format)
    other, _ = try_layout(model, shape, torch.channels_last)
    for a, b in zip(plain, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_the_layout_is_left_alone_where_flattening_costs_what_convolutions_gain() -> None:
    shape = torch.Size((3, 20, 20))
    models = {
        "all is flattened": (nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 18 * 18, 3)), False),
        "a quarter is": (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 9 * 9, 3)),
            True,
        ),
        "much work for each": (
            nn.Sequential(nn.Conv2d(3, 64, 5), nn.Conv2d(64, 2, 3), nn.Flatten(), nn.Linear(2 * 14 * 14, 3)),
            True,
        ),
    }
    assert {name: takes_channels_last(model, shape) for name, (model, _) in models.items()} == {
        name: expected for name, (_, expected) in models.items()
    }


class Pictures:
    """A data set of three items, read one by one."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        torch.rand(1)
        if self.item is None:
            raise OSError("gone")
        return self.item, index


def test_of_a_data_set_one_item_tells_the_shape() -> None:
    def job(item: Any) -> Job:
        samples = DatasetSamples(Pictures(item), np.arange(3))
        pipeline = Pipeline(torch.device("cpu"), seed=0)
        fetcher = DatasetFetcher(samples, collate_default, seed=0)
        batches = TrainBatches(samples, Shuffled(3, seed=0), pipeline, batch_size=3, fetcher=fetcher)
        made = job_for(LeNet(image_size=12), torch.zeros(8, *SHAPE))
        made.batches = batches
        return made

    generators = repr(capture_rng())
    assert prefers_channels_last(job(torch.zeros(SHAPE)))
    assert prefers_channels_last(job(np.zeros(SHAPE, dtype=np.uint8)))
    assert not prefers_channels_last(job({"x": torch.zeros(SHAPE), "mask": torch.zeros(3)}))
    assert not prefers_channels_last(job(torch.zeros(144)))
    assert not prefers_channels_last(job(None))
    assert repr(capture_rng()) == generators
