"""A small project whose models compute in double precision, so that a difference is a mistake, not rounding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CODE = '''
import torch
from torch import nn

from seedbed.models.mlp import MLP


class Doubled(nn.Module):
    """An MLP of double precision; ``odd`` is what goes wrong in it."""

    def __init__(self, hidden=(12,), dropout=0.0, norm="none", odd="") -> None:
        super().__init__()
        self.mlp = MLP(in_features=16, hidden=list(hidden), out_features=2, dropout=dropout, norm=norm).double()
        self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))
        self.noise = torch.Generator().manual_seed(0)
        self.odd = odd
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        x = x.double() * self.scale
        if self.odd == "counts":
            self.seen += len(x)
        if (self.odd == "decides" or (self.odd == "decides later" and not self.training)) and x.sum() > 0:
            x = x * 2
        if self.odd == "draws":
            x = x + torch.rand_like(x)
        return self.mlp(x)


class Pictures(nn.Module):
    """A small convolutional network on the same data, seen as 4×4 images; ``tied`` uses one layer twice."""

    def __init__(self, tied=True, norm=False) -> None:
        super().__init__()
        norms = [nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, affine=False)] if norm else []
        self.features = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), *norms, nn.GELU(), nn.MaxPool2d(2), nn.Flatten())
        self.middle = nn.Linear(12, 12)
        self.norm = nn.LayerNorm(12)
        self.again = self.middle if tied else nn.Linear(12, 12)
        self.head = nn.Linear(12, 2)
        self.double()

    def forward(self, x):
        h = self.features(x.double().view(-1, 1, 4, 4))
        h = self.norm(torch.tanh(self.middle(h)) + h)
        return self.head(torch.einsum("bi,bi->bi", self.again(h), h))


class Instances(nn.Module):
    """Keeps running statistics that are not BatchNorm's."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm1d(4, track_running_stats=True).double()
        self.head = nn.Linear(16, 2).double()

    def forward(self, x):
        return self.head(self.norm(x.double().view(-1, 4, 4)).flatten(1))


class Broken(torch.nn.Module):
    """Gives NaN for the samples of one class whose first feature is far out."""

    def __init__(self, limit=2.5, norm="none") -> None:
        super().__init__()
        self.mlp = MLP(in_features=16, hidden=[8], out_features=2, norm=norm).double()
        self.limit = limit

    def forward(self, x):
        far = (x.double()[:, :1] > self.limit) & self.training
        return torch.where(far, torch.nan, 1.0) * self.mlp(x.double())
'''

BASE: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "model": {"type": "doubled.Doubled"},
    "data": {
        "type": "Planted",
        "args": {
            "coefficients": [1.0, -2.0, 0.5, 0.0, 1.5, -1.0, 0.3, 0.7, -0.2, 0.9, -1.1, 0.4, 0.0, 0.6, -0.8, 1.2],
            "classes": True,
            "num_train": 150,
            "num_test": 60,
            "batch_size": 32,
            "val": 0.2,
            "normalize": "zscore",
        },
    },
    "objective": {"type": "Classification", "args": {"metrics": ["accuracy"]}},
    "optimizer": {"type": "AdamW", "args": {"lr": 0.01, "weight_decay": 0.1}},
    "trainer": {"epochs": 3, "device": "cpu"},
    "tracking": {"log_every": 2},
}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config file of a project with models of its own."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "doubled.py").write_text(CODE)
    path = folder / "config.json"
    path.write_text(json.dumps(BASE))
    return path
