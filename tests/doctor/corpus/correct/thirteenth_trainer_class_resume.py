"""Trainer with a full checkpoint (model, optimizer, scheduler, RNG, epoch) and a resumed run that matches."""
import io
from dataclasses import dataclass, field

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    epochs: int = 6
    lr: float = 0.05
    batch_size: int = 32
    seed: int = 12
    hidden: list = field(default_factory=lambda: [24, 24])


class Trainer:
    def __init__(self, cfg, train_set, val_set):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        layers, width = [], 6
        for h in cfg.hidden:
            layers += [nn.Linear(width, h), nn.ReLU(), nn.Dropout(0.1)]
            width = h
        self.model = nn.Sequential(*layers, nn.Linear(width, 2))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=cfg.lr, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, gamma=0.8)
        self.criterion = nn.CrossEntropyLoss()
        self.train_loader = DataLoader(train_set, batch_size=cfg.batch_size, shuffle=True)
        self.val_loader = DataLoader(val_set, batch_size=64)
        self.epoch = 0

    def fit(self, until):
        while self.epoch < until:
            self.model.train()
            for x, y in self.train_loader:
                self.optimizer.zero_grad()
                self.criterion(self.model(x), y).backward()
                self.optimizer.step()
            self.scheduler.step()
            self.epoch += 1
        return self.validate()

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        loss = n = 0
        for x, y in self.val_loader:
            loss += self.criterion(self.model(x), y).item() * len(y)
            n += len(y)
        return loss / n

    def save(self, fp):
        torch.save(
            {
                "epoch": self.epoch,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": self.scheduler.state_dict(),
                "rng": torch.get_rng_state(),
            },
            fp,
        )

    def load(self, fp):
        state = torch.load(fp, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        torch.set_rng_state(state["rng"])
        self.epoch = state["epoch"]


gen = torch.Generator().manual_seed(0)
x = torch.randn(600, 6, generator=gen)
y = (x[:, 0] * x[:, 1] > 0).long()
train_set, val_set = TensorDataset(x[:450], y[:450]), TensorDataset(x[450:], y[450:])
cfg = Config()

first = Trainer(cfg, train_set, val_set)
print(f"after 3 epochs: {first.fit(3):.5f}")
ckpt = io.BytesIO()
first.save(ckpt)
print(f"uninterrupted:  {first.fit(cfg.epochs):.5f}")

ckpt.seek(0)
second = Trainer(cfg, train_set, val_set)
second.load(ckpt)
print(f"resumed:        {second.fit(cfg.epochs):.5f}")
