from dataclasses import dataclass, field
from typing import List

import numpy as np
import torch
from torch import nn


@dataclass
class Settings:
    window: int = 24
    horizon: int = 6
    test_share: float = 0.2
    hidden: List[int] = field(default_factory=lambda: [192, 96])
    lr: float = 2e-3
    epochs: int = 25
    batch: int = 64
    seed: int = 10


def load_series(n=1400, seed=0):
    """hourly consumption: daily rhythm and a slowly wandering level"""
    rng = np.random.default_rng(seed)
    hours = np.arange(n)
    drift = np.convolve(rng.normal(0, 1, n + 40), np.ones(41) / 6.4, mode="valid")
    return np.sin(2 * np.pi * hours / 24) + 0.9 * drift + 0.05 * rng.normal(0, 1, n)


def to_windows(series, window, horizon):
    """x: the past `window` values, y: the value `horizon` steps after the window"""
    count = len(series) - window - horizon + 1
    x = np.stack([series[i:i + window] for i in range(count)])
    y = np.array([series[i + window + horizon - 1] for i in range(count)])
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def split(n, cfg):
    n_test = int(n * cfg.test_share)
    order = torch.arange(n)
    gap = cfg.window + cfg.horizon
    return order[: n - n_test - gap], order[n - n_test:]


def build(cfg):
    sizes = [cfg.window, *cfg.hidden]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 1), nn.Flatten(0))


def mse(model, x, y):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(x), y).item()


def main(cfg):
    torch.manual_seed(cfg.seed)
    x, y = to_windows(load_series(), cfg.window, cfg.horizon)
    train_idx, test_idx = split(len(x), cfg)
    mean, std = x[train_idx].mean(), x[train_idx].std()
    x, y = (x - mean) / std, (y - mean) / std
    model = build(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for pick in train_idx[torch.randperm(len(train_idx))].split(cfg.batch):
            loss = nn.functional.mse_loss(model(x[pick]), y[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print("windows: train", len(train_idx), "test", len(test_idx))
    print("train mse %.3f" % mse(model, x[train_idx], y[train_idx]))
    print("test mse  %.3f" % mse(model, x[test_idx], y[test_idx]))
    naive = nn.functional.mse_loss(x[test_idx, -1], y[test_idx]).item()
    print("last-value baseline %.3f" % naive)


if __name__ == "__main__":
    main(Settings())
