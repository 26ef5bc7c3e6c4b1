"""House-price style regression on a synthetic table."""
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass
class Config:
    n_rows: int = 500
    n_features: int = 9
    train_frac: float = 0.8
    lr: float = 1e-2
    epochs: int = 40
    seed: int = 5


def load_table(cfg, rng):
    scale = rng.uniform(1, 100, size=cfg.n_features)
    x = rng.gamma(2.0, 1.0, size=(cfg.n_rows, cfg.n_features)) * scale
    coef = rng.normal(size=cfg.n_features) / scale
    y = x @ coef + 0.2 * rng.normal(size=cfg.n_rows)
    return x.astype(np.float32), y.astype(np.float32)


def standardize(x, mean, std):
    return (x - mean) / (std + 1e-8)


def prepare(cfg, rng):
    x, y = load_table(cfg, rng)
    order = rng.permutation(len(x))
    x, y = x[order], y[order]
    n_train = int(cfg.train_frac * len(x))
    mean, std = x[:n_train].mean(axis=0), x[:n_train].std(axis=0)
    x_train, x_test = standardize(x[:n_train], mean, std), standardize(x[n_train:], mean, std)
    y_train, y_test = y[:n_train, None], y[n_train:, None]
    return [torch.from_numpy(a) for a in (x_train, y_train, x_test, y_test)]


def main():
    cfg = Config()
    rng = np.random.default_rng(cfg.seed)
    torch.manual_seed(cfg.seed)
    x_train, y_train, x_test, y_test = prepare(cfg, rng)
    model = nn.Sequential(nn.Linear(cfg.n_features, 32), nn.ReLU(), nn.Linear(32, 1))
    optim = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(x_train)).split(50):
            optim.zero_grad()
            loss = nn.functional.mse_loss(model(x_train[idx]), y_train[idx])
            loss.backward()
            optim.step()
    model.eval()
    with torch.no_grad():
        rmse = nn.functional.mse_loss(model(x_test), y_test).sqrt().item()
    print(f"test RMSE {rmse:.4f}")


if __name__ == "__main__":
    main()
