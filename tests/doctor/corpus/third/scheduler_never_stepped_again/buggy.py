from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    n_train: int = 640
    n_val: int = 256
    n_classes: int = 6
    dim: int = 20
    hidden: int = 64
    batch_size: int = 32
    epochs: int = 12
    lr: float = 0.05
    momentum: float = 0.9
    decay_every: int = 4
    decay: float = 0.2
    seed: int = 5
    history: list[dict] = field(default_factory=list)


def make_blobs(cfg: Config):
    g = torch.Generator().manual_seed(cfg.seed)
    centers = torch.randn(cfg.n_classes, cfg.dim, generator=g)

    def sample(n: int) -> TensorDataset:
        y = torch.randint(cfg.n_classes, (n,), generator=g)
        x = centers[y] + 1.2 * torch.randn(n, cfg.dim, generator=g)
        return TensorDataset(x, y)

    return sample(cfg.n_train), sample(cfg.n_val)


class Trainer:
    def __init__(self, cfg: Config, model: nn.Module):
        self.cfg = cfg
        self.model = model
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum, nesterov=True)
        self.scheduler = StepLR(self.optimizer, step_size=cfg.decay_every, gamma=cfg.decay)

    def training_step(self, batch) -> torch.Tensor:
        x, y = batch
        loss = self.loss_fn(self.model(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def train_epoch(self, loader: DataLoader) -> float:
        self.model.train()
        total = 0.0
        for batch in loader:
            total += self.training_step(batch).item() * len(batch[0])
        return total / len(loader.dataset)

    @torch.no_grad()
    def validate(self, loader: DataLoader) -> float:
        self.model.eval()
        correct = sum((self.model(x).argmax(-1) == y).sum().item() for x, y in loader)
        return correct / len(loader.dataset)

    def fit(self, train: DataLoader, val: DataLoader) -> None:
        for epoch in range(self.cfg.epochs):
            lr = self.optimizer.param_groups[0]["lr"]
            loss = self.train_epoch(train)
            acc = self.validate(val)
            self.cfg.history.append({"epoch": epoch, "loss": loss, "val_acc": acc, "lr": lr})


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train_set, val_set = make_blobs(cfg)
    model = nn.Sequential(
        nn.Linear(cfg.dim, cfg.hidden), nn.BatchNorm1d(cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, cfg.n_classes)
    )
    trainer = Trainer(cfg, model)
    trainer.fit(
        DataLoader(train_set, batch_size=cfg.batch_size, shuffle=True),
        DataLoader(val_set, batch_size=128),
    )
    for row in cfg.history[::4] + cfg.history[-1:]:
        print("{epoch:3d} loss {loss:.4f} val {val_acc:.3f} lr {lr:.2g}".format(**row))


if __name__ == "__main__":
    main()
