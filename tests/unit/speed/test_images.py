"""Images are laid out as channels-last by default where a model takes them so, and the choice is part of the run."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seedbed.data.batches import TrainBatches
from seedbed.data.pipeline import Pipeline
from seedbed.data.samplers import Shuffled
from seedbed.data.samples import TensorSamples
from seedbed.loop import train_step
from seedbed.models.lenet import LeNet
from seedbed.models.mlp import MLP
from seedbed.models.resnet import ResNet
from seedbed.objectives.classification import Classification
from seedbed.seeding import capture_rng
from seedbed.speed.images import prefers_channels_last, takes_channels_last
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


@pytest.mark.parametrize("kind", [Viewing, Memory])
def test_a_model_that_needs_the_plain_layout_keeps_it(kind: type[nn.Module]) -> None:
    assert not takes_channels_last(kind(), SHAPE)
