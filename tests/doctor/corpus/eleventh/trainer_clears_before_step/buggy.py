from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Config:
    epochs: int = 6
    batch_size: int = 32
    lr: float = 1e-2
    hidden: int = 24
    seed: int = 11


class Trainer:
    def __init__(self, model, cfg):
        self.model = model
        self.cfg = cfg
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)

    def train_step(self, batch):
        inputs, labels = batch
        loss = self.criterion(self.model(inputs), labels)
        loss.backward()
        self.optimizer.zero_grad()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        right = seen = 0
        for inputs, labels in loader:
            right += (self.model(inputs).argmax(dim=1) == labels).sum().item()
            seen += len(labels)
        return right / seen

    def fit(self, train_loader, val_loader):
        for epoch in range(self.cfg.epochs):
            self.model.train()
            losses = [self.train_step(batch) for batch in train_loader]
            print(f"[{epoch}] loss={sum(losses) / len(losses):.4f} val={self.evaluate(val_loader):.3f}")


if __name__ == "__main__":
    cfg = Config()
    torch.manual_seed(cfg.seed)
    points = torch.rand(640, 2) * 2 - 1
    quadrant = (points[:, 0] > 0).long() * 2 + (points[:, 1] > 0).long()
    train_set, val_set = random_split(TensorDataset(points, quadrant), [512, 128])
    net = nn.Sequential(nn.Linear(2, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, 4))
    Trainer(net, cfg).fit(
        DataLoader(train_set, batch_size=cfg.batch_size, shuffle=True),
        DataLoader(val_set, batch_size=cfg.batch_size),
    )
