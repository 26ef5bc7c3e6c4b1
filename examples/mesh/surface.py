"""A surface in space learned from points, shown as a mesh in TensorBoard while it trains.

Train it here with ``seedbed train -c config.json``, then ``tensorboard --logdir runs``. The model gives the distance of
the surface from the centre for each direction; the mesh is a sphere with every corner at that distance, red where the
model is wrong.

Result: RMSE 0.038 on held-out noisy points after 40 epochs; the noise alone is 0.02. One seed (1), 2 CPU cores, torch
2.13.0.

Shapes: B sample, N corner, F triangle, 3 coordinates.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from seedbed.batch import Batch
from seedbed.loop import Step
from seedbed.state import TrainState

NOISE = 0.02


def true_radius(directions_N3: Tensor) -> Tensor:
    """The surface to learn: a sphere with bumps."""
    x, y, z = directions_N3.unbind(-1)
    return 1 + 0.25 * torch.sin(4 * x) * torch.cos(3 * y) + 0.15 * z**3


def measured_radii(num_points: int = 4096, seed: int = 0) -> TensorDataset:
    """Random directions (inputs) and the surface's distance in them, with noise (targets)."""
    generator = torch.Generator().manual_seed(seed)
    directions = nn.functional.normalize(torch.randn(num_points, 3, generator=generator), dim=1)
    return TensorDataset(directions, true_radius(directions) + NOISE * torch.randn(num_points, generator=generator))


class Radius(nn.Module):
    """Distance of the surface in a direction. Inputs (B, 3), unit vectors; outputs (B,)."""

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, directions_B3: Tensor) -> Tensor:
        return self.layers(directions_B3).squeeze(-1)


def sphere(rows: int = 24, columns: int = 48) -> tuple[Tensor, Tensor]:
    """Corners (N, 3) and triangles (F, 3) of a sphere of radius 1."""
    polar = torch.linspace(0, math.pi, rows)[:, None].expand(rows, columns)
    around = (torch.arange(columns) * (2 * math.pi / columns)).expand(rows, columns)
    corners = torch.stack([polar.sin() * around.cos(), polar.sin() * around.sin(), polar.cos()], dim=-1)
    number = torch.arange(rows * columns).view(rows, columns)
    here, right = number[:-1], number.roll(-1, dims=1)[:-1]
    below, across = number[1:], number.roll(-1, dims=1)[1:]
    upper, lower = torch.stack([here, below, right], dim=-1), torch.stack([right, below, across], dim=-1)
    return corners.reshape(-1, 3), torch.cat([upper.reshape(-1, 3), lower.reshape(-1, 3)])


def draw(model: nn.Module) -> dict[str, Any]:
    """The surface that the model knows: corners, triangles, and colours from white (right) to red (0.1 off)."""
    directions, faces = sphere()
    device = next(model.parameters()).device
    radius = model(directions.to(device)).cpu()
    wrong = ((radius - true_radius(directions)).abs() / 0.1).clamp(max=1)
    other = (255 * (1 - wrong)).to(torch.uint8)
    colors = torch.stack([torch.full_like(other, 255), other, other], dim=1)
    return {"vertices": directions * radius[:, None], "faces": faces, "colors": colors}


def train_step(state: TrainState, batch: Batch) -> Step:
    """A plain update; the mesh is made only when an update is logged."""
    state.optimizer.zero_grad()
    loss = nn.functional.mse_loss(state.model(batch.inputs), batch.targets)
    loss.backward()
    state.optimizer.step()
    return Step(loss.detach(), media={"surface": ("mesh", lambda: draw(state.model))})
