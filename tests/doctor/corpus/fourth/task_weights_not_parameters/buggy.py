from dataclasses import dataclass, field
from itertools import chain
from typing import Dict

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Settings:
    steps: int = 600
    batch: int = 64
    lr: float = 5e-3
    noise: Dict[str, float] = field(default_factory=lambda: {"height": 0.05, "weight": 2.0})


class UncertaintyWeighting(nn.Module):
    """Kendall, Gal and Cipolla: sum_i 0.5 * exp(-s_i) * L_i + 0.5 * s_i with learnt s_i = log variance."""

    def __init__(self, tasks):
        super().__init__()
        self.tasks = list(tasks)
        self.s = torch.zeros(len(self.tasks), requires_grad=True)

    def forward(self, losses: Dict[str, torch.Tensor]) -> torch.Tensor:
        stacked = torch.stack([losses[t] for t in self.tasks])
        return (0.5 * torch.exp(-self.s) * stacked + 0.5 * self.s).sum()


class TwoHeads(nn.Module):
    def __init__(self, tasks, n_in=4, hidden=32):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.heads = nn.ModuleDict({t: nn.Linear(hidden, 1) for t in tasks})

    def forward(self, x):
        h = self.shared(x)
        return {t: head(h).squeeze(-1) for t, head in self.heads.items()}


def draw(n: int, cfg: Settings, clean: bool = False):
    x = torch.randn(n, 4)
    y = {"height": torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2], "weight": x[:, 3] + torch.cos(x[:, 0])}
    if not clean:
        y = {t: v + cfg.noise[t] * torch.randn(n) for t, v in y.items()}
    return x, y


def main(cfg: Settings) -> None:
    torch.manual_seed(0)
    tasks = sorted(cfg.noise)
    model, weighting = TwoHeads(tasks), UncertaintyWeighting(tasks)
    optimizer = torch.optim.Adam(chain(model.parameters(), weighting.parameters()), lr=cfg.lr)
    for step in range(cfg.steps):
        x, y = draw(cfg.batch, cfg)
        out = model(x)
        loss = weighting({t: F.mse_loss(out[t], y[t]) for t in tasks})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        x, y = draw(2000, cfg, clean=True)
        out = model(x)
    for i, t in enumerate(tasks):
        sigma = torch.exp(0.5 * weighting.s[i]).item()
        print(f"{t}: rmse {F.mse_loss(out[t], y[t]).sqrt().item():.3f}, estimated noise {sigma:.3f}, true noise {cfg.noise[t]}")


if __name__ == "__main__":
    main(Settings())
