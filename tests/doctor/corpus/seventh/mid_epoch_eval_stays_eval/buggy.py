from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class RingDataset(Dataset):
    """Points in twelve dimensions; the class is the shell their first three coordinates lie in."""

    def __init__(self, n: int, seed: int) -> None:
        g = torch.Generator().manual_seed(seed)
        self.points: Tensor = torch.randn(n, 12, generator=g)
        radius = self.points[:, :3].norm(dim=1)
        self.shell: Tensor = torch.bucketize(radius, torch.tensor([1.2, 1.9]))

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.points[i], self.shell[i]


@dataclass
class TrainerConfig:
    epochs: int = 8
    batch_size: int = 32
    lr: float = 3e-3
    eval_every: int = 20
    dropout: float = 0.3


class ShellNet(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(64, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Trainer:
    def __init__(self, model: nn.Module, cfg: TrainerConfig, train: Dataset, val: Dataset) -> None:
        self.model, self.cfg = model, cfg
        self.train_dl = DataLoader(train, cfg.batch_size, shuffle=True)
        self.val_dl = DataLoader(val, 256)
        self.opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-2)
        self.criterion = nn.CrossEntropyLoss()
        self.step = 0
        self.curve: list[tuple[int, float, float]] = []

    @torch.no_grad()
    def evaluate(self) -> tuple[float, float]:
        self.model.eval()
        loss, hits, seen = 0.0, 0, 0
        for x, y in self.val_dl:
            out = self.model(x)
            loss += self.criterion(out, y).item() * len(y)
            hits += int((out.argmax(1) == y).sum())
            seen += len(y)
        return loss / seen, hits / seen

    def training_step(self, x: Tensor, y: Tensor) -> None:
        self.opt.zero_grad(set_to_none=True)
        self.criterion(self.model(x), y).backward()
        self.opt.step()
        self.step += 1

    def fit(self) -> None:
        for _ in range(self.cfg.epochs):
            self.model.train()
            for x, y in self.train_dl:
                self.training_step(x, y)
                if self.step % self.cfg.eval_every == 0:
                    self.curve.append((self.step, *self.evaluate()))


if __name__ == "__main__":
    torch.manual_seed(11)
    cfg = TrainerConfig()
    trainer = Trainer(ShellNet(cfg.dropout), cfg, RingDataset(1500, seed=1), RingDataset(600, seed=2))
    trainer.fit()
    for step, loss, acc in trainer.curve[-3:]:
        print(f"step {step:4d}  val loss {loss:.3f}  val acc {acc:.3f}")
