"""Made-up data with known coefficients, to see whether training finds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from seedbed.data.samples import TensorSamples
from seedbed.data.source import Source
from seedbed.errors import ConfigError
from seedbed.seeding import torch_generator


def Planted(
    *,
    coefficients: Sequence[float] = (2.0, -3.4, 0.5, 0.0),
    intercept: float = 4.2,
    noise: float = 0.5,
    classes: bool = False,
    num_train: int = 2000,
    num_test: int = 1000,
    generation_seed: int = 0,
) -> Source:
    """``y = x · coefficients + intercept + noise`` with standard normal x and noise; the same points for both tasks.

    Args:
        coefficients: One per feature.
        intercept: Added to every sample.
        noise: Standard deviation of the noise.
        classes: Targets are 1 where y is above its expected value, ``intercept``, and 0 elsewhere, instead of y.
        num_train: Training samples.
        num_test: Test samples.
        generation_seed: Seed of the data; the training's seed does not change them.
    """
    if not coefficients or noise < 0 or num_train < 1 or num_test < 1:
        raise ConfigError(
            f"coefficients={list(coefficients)}, noise={noise}, num_train={num_train}, num_test={num_test}: give at "
            "least one coefficient and one sample of each kind, and a noise from 0 up"
        )
    if not all(math.isfinite(number) for number in (*coefficients, intercept, noise)):
        raise ConfigError("coefficients, intercept and noise must be finite numbers")
    generator = torch_generator(generation_seed, "planted")
    inputs = torch.randn(num_train + num_test, len(coefficients), generator=generator)
    errors = noise * torch.randn(num_train + num_test, generator=generator)
    values = inputs @ torch.tensor(list(coefficients), dtype=torch.float32) + intercept + errors
    info: dict[str, Any] = {"task": "regression", "num_outputs": 1, "input_shape": [len(coefficients)]}
    if classes:
        info = {"task": "classification", "num_classes": 2, "input_shape": [len(coefficients)]}
    targets = (values > intercept).long() if classes else values
    return Source(
        name="Planted",
        train=TensorSamples(inputs[:num_train], targets[:num_train], name="Planted"),
        test=TensorSamples(inputs[num_train:], targets[num_train:], name="Planted"),
        info=info,
    )
