"""The data: put your own here.

A function returns a torch ``Dataset`` or ``DataLoader``, a pair of tensors or arrays, or a dict with the keys train,
val and test of any of these. Its arguments come from config.json.
"""

from __future__ import annotations

import torch
from torch import Tensor


def load_data(*, num_samples: int = 512, generation_seed: int = 0) -> tuple[Tensor, Tensor]:
    """Made-up data to start with: points in the plane and the product of their coordinates, with noise."""
    generator = torch.Generator().manual_seed(generation_seed)
    points = torch.rand(num_samples, 2, generator=generator) * 2 - 1
    noise = 0.05 * torch.randn(num_samples, generator=generator)
    return points, points.prod(dim=1) + noise
