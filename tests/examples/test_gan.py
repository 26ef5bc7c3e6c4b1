"""The GAN example's own update."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from seedbed.batch import Batch
from seedbed.loop import custom_step
from seedbed.objectives.functional import Functional
from seedbed.state import TrainState


@pytest.fixture
def gan(load_example):
    return load_example("gan", "gan")


def make_state(gan, lr=1e-3):
    torch.manual_seed(0)
    model = gan.GAN(width=32)
    parts = {"generator": model.generator, "discriminator": model.discriminator}
    return TrainState(
        model=model,
        objective=Functional(loss=gan.energy_distance),
        optimizers={
            name: torch.optim.Adam(part.parameters(), lr=lr, betas=(0.5, 0.99)) for name, part in parts.items()
        },
        device=torch.device("cpu"),
    )


def batches(gan, num, size=128):
    noise, points = gan.ring(num * size).tensors
    for index in range(num):
        rows = slice(index * size, (index + 1) * size)
        yield Batch(noise[rows], points[rows], np.arange(rows.start, rows.stop))


def test_each_optimizer_moves_its_own_network(gan):
    state = make_state(gan)
    before = {name: tensor.clone() for name, tensor in state.model.named_parameters()}
    (batch,) = batches(gan, 1)
    record = custom_step(gan.train_step)(state, [batch])
    assert state.step == 1
    assert set(record.scalars) == {"generator_loss", "discriminator_loss"}
    assert float(record.loss) == pytest.approx(sum(float(value) for value in record.scalars.values()))
    for name in ("generator", "discriminator"):
        state.optimizers[name].zero_grad()
        (output,) = [n for n in before if n.startswith(name) and n.endswith("weight")][-1:]
        assert not torch.equal(before[output], state.model.get_parameter(output))


def test_the_generator_step_leaves_the_discriminator_alone(gan):
    state = make_state(gan)
    state.optimizers["discriminator"].param_groups[0]["lr"] = 0.0
    before = [p.clone() for p in state.model.discriminator.parameters()]
    (batch,) = batches(gan, 1)
    custom_step(gan.train_step)(state, [batch])
    assert all(torch.equal(a, b) for a, b in zip(before, state.model.discriminator.parameters(), strict=True))


def test_a_restored_state_goes_on_with_the_same_bits(gan):
    step, first, second = custom_step(gan.train_step), make_state(gan), make_state(gan)
    data = list(batches(gan, 6))
    for batch in data[:3]:
        step(first, [batch])
    saved = copy.deepcopy(first.state_dict())
    for batch in data[3:]:
        step(first, [batch])
    second.load_state_dict(saved)
    for batch in data[3:]:
        step(second, [batch])
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_it_comes_closer_to_the_ring(gan):
    state = make_state(gan, lr=2e-3)
    noise, points = gan.ring(1024, seed=7).tensors
    step = custom_step(gan.train_step)
    with torch.no_grad():
        before = gan.energy_distance(state.model(noise), points)
    for batch in batches(gan, 150):
        step(state, [batch])
    with torch.no_grad():
        after = gan.energy_distance(state.model(noise), points)
    assert after < before / 4


def test_energy_distance_is_zero_for_the_same_points_and_grows_with_their_distance(gan):
    _, points = gan.ring(256).tensors
    assert gan.energy_distance(points, points).item() == pytest.approx(0.0, abs=1e-3)
    near, far = (gan.energy_distance(points + shift, points) for shift in (0.5, 2.0))
    assert 0 < near < far
