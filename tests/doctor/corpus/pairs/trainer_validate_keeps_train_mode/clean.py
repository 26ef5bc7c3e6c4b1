from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    lr: float = 2e-3
    epochs: int = 4
    batch: int = 32
    seed: int = 7


class Trainer:
    def __init__(self, net: nn.Module, cfg: Config, train: DataLoader, val: DataLoader) -> None:
        self.net, self.cfg, self.train_dl, self.val_dl = net, cfg, train, val
        self.opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr)
        self.loss = nn.CrossEntropyLoss()

    def train_epoch(self) -> float:
        self.net.train()
        total = 0.0
        for x, y in self.train_dl:
            self.opt.zero_grad(set_to_none=True)
            loss = self.loss(self.net(x), y)
            loss.backward()
            self.opt.step()
            total += loss.item() * len(y)
        return total / len(self.train_dl.dataset)

    @torch.no_grad()
    def validate(self) -> float:
        self.net.eval()
        good = 0
        for x, y in self.val_dl:
            good += (self.net(x).argmax(dim=1) == y).sum().item()
        return good / len(self.val_dl.dataset)

    def fit(self) -> None:
        for epoch in range(self.cfg.epochs):
            loss = self.train_epoch()
            print(f"epoch {epoch}: loss {loss:.4f} val acc {self.validate():.3f}")


def main() -> None:
    cfg = Config()
    torch.manual_seed(cfg.seed)
    x = torch.randn(700, 1, 8, 8)
    y = (x[:, 0, :4].mean((1, 2)) > x[:, 0, 4:].mean((1, 2))).long()
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(8 * 16, 2),
    )
    train = DataLoader(TensorDataset(x[:560], y[:560]), cfg.batch, shuffle=True)
    val = DataLoader(TensorDataset(x[560:], y[560:]), cfg.batch)
    Trainer(net, cfg, train, val).fit()


if __name__ == "__main__":
    main()
