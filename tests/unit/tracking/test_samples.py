"""What a run shows besides its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seedbed.batch import Batch, Outcome
from seedbed.config.schema import TensorBoard as Settings
from seedbed.state import Metric, TrainState
from seedbed.tracking.samples import captions, first_samples, predictions, token_text, write_epoch, write_start
from seedbed.tracking.tracker import MediaKind, Tracker


class Shelf(Tracker):
    def __init__(self) -> None:
        self.items: dict[str, tuple[str, Any, int]] = {}

    def write(self, event: Mapping[str, Any]) -> None:
        pass

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:
        self.items[name] = (kind, value, step)


class CrossEntropy:
    def __call__(self, model: nn.Module, batch: Batch) -> Outcome:
        outputs = model(batch.inputs)
        return Outcome(outputs.mean(), outputs)

    def weight(self, batch: Batch) -> int:
        return batch.num_samples

    def metrics(self) -> dict[str, Metric]:
        return {}


def state_of(model: nn.Module) -> TrainState:
    return TrainState(
        model=model,
        objective=CrossEntropy(),
        optimizers={"main": torch.optim.SGD(model.parameters(), lr=0.1)},
        device=torch.device("cpu"),
        step=30,
    )


def pictures(count: int = 20) -> Batch:
    return Batch(torch.rand(count, 1, 8, 8), torch.arange(count) % 3, np.arange(count))


def classifier() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.BatchNorm1d(3), nn.Dropout())


def test_the_start_shows_config_and_graph() -> None:
    shelf, state = Shelf(), state_of(classifier())
    write_start(shelf, Settings(), state, pictures(), {"seed": 3})
    assert shelf.items["config"] == ("text", '    {\n      "seed": 3\n    }', 30)
    assert shelf.items["model"][0] == "graph"
    write_start(shelf := Shelf(), Settings(graph=False), state, pictures(), {})
    assert list(shelf.items) == ["config"]


def test_an_epoch_shows_weights_gradients_and_pictures() -> None:
    shelf, state = Shelf(), state_of(classifier())
    state.model(torch.rand(4, 1, 8, 8)).sum().backward()
    write_epoch(shelf, Settings(), state, first_samples(pictures()), 1, {"class_names": ["a", "b", "c"]})
    assert {"weights/1.weight", "gradients/1.weight", "weights/2.bias", "samples/predictions"} <= set(shelf.items)
    assert shelf.items["samples/predictions"][0] == "image"


def test_it_shows_as_often_as_the_settings_say() -> None:
    settings = Settings(histograms_every_epochs=2, images_every_epochs=None)
    shelf, state = Shelf(), state_of(classifier())
    write_epoch(shelf, settings, state, pictures(), 1)
    assert shelf.items == {}
    write_epoch(shelf, settings, state, pictures(), 2)
    assert all(name.startswith("weights/") for name in shelf.items)


def test_showing_changes_nothing() -> None:
    state = state_of(classifier().train())
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    samples, rng = pictures(), torch.get_rng_state()
    write_epoch(Shelf(), Settings(), state, samples, 1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.model.state_dict().items())
    assert all(module.training for module in state.model.modules())
    assert torch.equal(torch.get_rng_state(), rng)


def test_the_samples_are_the_first_of_the_batch() -> None:
    batch = pictures()
    few = first_samples(batch, 5)
    assert (few.num_samples, len(few.inputs), len(few.targets)) == (5, 5, 5)
    assert torch.equal(few.inputs, batch.inputs[:5])


class Letters(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.one_hot((x + 1) % 3, 3).float()


def test_token_sequences_are_shown_as_text() -> None:
    model = nn.Sequential(Letters())
    model.register_parameter("unused", nn.Parameter(torch.zeros(1)))
    shelf, tokens = Shelf(), torch.tensor([[0, 1, 2, 0]])
    write_epoch(shelf, Settings(), state_of(model), Batch(tokens, tokens, np.arange(1)), 1, {"vocabulary": "abc"})
    kind, text, _ = shelf.items["samples/text"]
    assert kind == "text"
    assert "    abca" in text
    assert "    bcab" in text
    assert token_text(torch.tensor([[7]]), torch.tensor([[0]]), "abc").count("?") == 1


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (torch.rand(3, 64), torch.zeros(3, dtype=torch.long)),
        (torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8)),
        ({"x": torch.rand(3, 64)}, torch.zeros(3)),
    ],
)
def test_what_is_no_picture_with_a_label_is_left_out(inputs: Any, targets: Tensor) -> None:
    class Anything(nn.Linear):
        def forward(self, x: Any) -> Tensor:
            return torch.zeros(3, 2)

    shelf = Shelf()
    settings = Settings(histograms_every_epochs=None)
    write_epoch(shelf, settings, state_of(Anything(2, 2)), Batch(inputs, targets, np.arange(3)), 1)
    assert shelf.items == {}


def test_predictions_have_the_form_of_the_targets() -> None:
    scores = torch.tensor([[0.1, 0.9], [0.8, 0.2]])
    classes = predictions(scores, torch.tensor([0, 1]))
    assert captions(classes) == [1, 0]
    values = predictions(torch.tensor([[1.23456], [2.0]]), torch.tensor([1.0, 2.0]))
    assert captions(values) == ["1.23", "2"]
    assert predictions({"a": scores}, torch.tensor([0, 1])) is None
    assert predictions(scores, torch.rand(2)) is None
