from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Settings:
    sizes: list = field(default_factory=lambda: [4, 48, 48, 1])
    lr: float = 3e-3
    batch: int = 40
    epochs: int = 10
    seed: int = 0


def build(cfg):
    layers = []
    for i, (a, b) in enumerate(zip(cfg.sizes[:-1], cfg.sizes[1:])):
        layers.append(nn.Linear(a, b))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def profit_table(n):
    x = torch.rand(n, 4) * 2 - 1
    y = 2 * x[:, :1] - 1.5 * x[:, 1:2] * x[:, 2:3] + 0.5 * x[:, 3:] ** 2
    return x, (y - y.mean()) / y.std()


def evaluate(model, loader):
    model.eval()
    sse = sae = n = 0
    with torch.no_grad():
        for xb, yb in loader:
            err = model(xb) - yb
            sse += err.pow(2).sum().item()
            sae += err.abs().sum().item()
            n += err.numel()
    return sse / n, sae / n


def run(cfg):
    torch.manual_seed(cfg.seed)
    full = TensorDataset(*profit_table(1200))
    train_set, val_set = random_split(full, [1000, 200])
    train_dl = DataLoader(train_set, batch_size=cfg.batch, shuffle=True)
    val_dl = DataLoader(val_set, batch_size=200)
    model = build(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    loss_fn = nn.HuberLoss()
    for _ in range(cfg.epochs):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            loss_fn(model(xb), yb).backward()
            opt.step()
    return evaluate(model, val_dl)


print("mse %.4f  mae %.4f" % run(Settings()))
