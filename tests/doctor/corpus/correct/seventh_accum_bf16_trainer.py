"""Gradient accumulation with bf16 autocast and uneven last window; small Trainer class with a dataclass config."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class TrainConfig:
    micro_batch: int = 16
    accumulate: int = 4
    epochs: int = 8
    lr: float = 3e-3
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    seed: int = 0


class Residual(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.f = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.f(x)


def windows(loader: DataLoader, size: int):
    """Lists of `size` micro-batches; the last list may be shorter."""
    held = []
    for item in loader:
        held.append(item)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


class Trainer:
    def __init__(self, model: nn.Module, cfg: TrainConfig, train: TensorDataset, val: TensorDataset) -> None:
        self.model, self.cfg = model, cfg
        self.train_dl = DataLoader(train, batch_size=cfg.micro_batch, shuffle=True)
        self.val_dl = DataLoader(val, batch_size=256)
        self.updates = cfg.epochs * math.ceil(len(self.train_dl) / cfg.accumulate)
        self.opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, T_max=self.updates)
        self.loss = nn.MSELoss(reduction="sum")

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = self.model(x)
        return out.squeeze(-1).float()

    def train_epoch(self) -> float:
        self.model.train()
        total, seen = 0.0, 0
        for group in windows(self.train_dl, self.cfg.accumulate):
            n = sum(len(y) for _, y in group)
            self.opt.zero_grad(set_to_none=True)
            for x, y in group:
                loss = self.loss(self._forward(x), y)
                (loss / n).backward()
                total += loss.item()
            nn.utils.clip_grad_norm_(self.model.parameters(), self.cfg.max_grad_norm)
            self.opt.step()
            self.sched.step()
            seen += n
        return total / seen

    @torch.no_grad()
    def validate(self) -> float:
        self.model.eval()
        return sum(self.loss(self._forward(x), y).item() for x, y in self.val_dl) / len(self.val_dl.dataset)

    def run(self) -> None:
        for epoch in range(self.cfg.epochs):
            print(f"epoch {epoch} train {self.train_epoch():.4f} val {self.validate():.4f}")
        assert self.sched.last_epoch == self.updates


def friedman(n: int, seed: int) -> TensorDataset:
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 10, generator=g)
    y = 10 * torch.sin(math.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return TensorDataset((x - 0.5) * math.sqrt(12), (y - 14.4) / 4.9 + 0.05 * torch.randn(n, generator=g))


if __name__ == "__main__":
    cfg = TrainConfig()
    torch.manual_seed(cfg.seed)
    net = nn.Sequential(nn.Linear(10, 32), Residual(32), Residual(32), nn.LayerNorm(32), nn.Linear(32, 1))
    Trainer(net, cfg, friedman(1000, 1), friedman(400, 2)).run()
