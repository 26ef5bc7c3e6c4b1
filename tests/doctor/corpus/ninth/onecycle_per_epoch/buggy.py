import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class HParams:
    seed: int = 13
    epochs: int = 8
    batch_size: int = 32
    max_lr: float = 0.1
    momentum: float = 0.9


def two_spirals(n):
    label = torch.randint(0, 2, (n,))
    r = torch.rand(n) * 4.0 + 0.3
    angle = 1.8 * r + math.pi * label
    xy = torch.stack([r * angle.cos(), r * angle.sin()], dim=1)
    return TensorDataset(xy + 0.1 * torch.randn(n, 2), label)


def build(hp):
    train_loader = DataLoader(two_spirals(960), batch_size=hp.batch_size, shuffle=True)
    val_loader = DataLoader(two_spirals(400), batch_size=200)
    model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=hp.max_lr / 25, momentum=hp.momentum)
    scheduler = OneCycleLR(optimizer, max_lr=hp.max_lr, total_steps=hp.epochs * len(train_loader))
    return train_loader, val_loader, model, optimizer, scheduler


def main(hp):
    torch.manual_seed(hp.seed)
    train_loader, val_loader, model, optimizer, scheduler = build(hp)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(hp.epochs):
        model.train()
        for xy, label in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xy), label)
            loss.backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            hits = sum((model(xy).argmax(1) == label).sum().item() for xy, label in val_loader)
        print(f"epoch {epoch}  val acc {hits / len(val_loader.dataset):.3f}")


if __name__ == "__main__":
    main(HParams())
