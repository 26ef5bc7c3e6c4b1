from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Settings:
    hidden: int = 40
    lr: float = 3e-3
    epochs: int = 16
    batch: int = 32
    seed: int = 3
    log: list = field(default_factory=list)


class SpiralNet(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.inp = nn.Linear(2, hidden)
        self.mid = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.tanh(self.inp(x))
        return self.out(h + torch.tanh(self.mid(h)))


def spiral(n: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    label = rng.integers(0, 3, size=n)
    r = rng.uniform(0.1, 1.0, size=n)
    phi = 4.0 * r + label * 2.0 * np.pi / 3.0 + rng.normal(0.0, 0.15, size=n)
    xy = np.stack([r * np.cos(phi), r * np.sin(phi)], axis=1)
    return torch.from_numpy(xy).float(), torch.from_numpy(label)


class Trainer:
    def __init__(self, cfg: Settings) -> None:
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        rng = np.random.default_rng(cfg.seed)
        self.train_x, self.train_y = spiral(512, rng)
        self.valid_x, self.valid_y = spiral(256, rng)
        self.model = SpiralNet(cfg.hidden)
        self.setup()

    def setup(self) -> None:
        self.optim = torch.optim.Adam(self.model.parameters(), lr=self.cfg.lr)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optim, mode="max", factor=0.5, patience=2
        )

    def one_epoch(self) -> float:
        self.model.train()
        order = torch.randperm(len(self.train_x))
        total = 0.0
        for idx in order.split(self.cfg.batch):
            loss = F.cross_entropy(self.model(self.train_x[idx]), self.train_y[idx])
            self.optim.zero_grad(set_to_none=True)
            loss.backward()
            self.optim.step()
            total += float(loss.detach()) * idx.numel()
        return total / len(order)

    @torch.inference_mode()
    def accuracy(self) -> float:
        self.model.eval()
        guess = self.model(self.valid_x).argmax(-1)
        return (guess == self.valid_y).double().mean().item()

    def fit(self) -> None:
        for _ in range(self.cfg.epochs):
            train_loss = self.one_epoch()
            score = self.accuracy()
            self.plateau.step(score)
            self.cfg.log.append((train_loss, score, self.optim.param_groups[0]["lr"]))


if __name__ == "__main__":
    t = Trainer(Settings())
    t.fit()
    print("last epochs:", [tuple(round(v, 4) for v in row) for row in t.cfg.log[-3:]])
