import io

import numpy as np
import torch
from torch import nn


class Standardize(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.register_buffer("mean", torch.zeros(d))
        self.register_buffer("std", torch.ones(d))

    def fit(self, x):
        self.mean = x.mean(dim=0)
        self.std = x.std(dim=0).clamp_min(1e-6)
        return self

    def forward(self, x):
        return (x - self.mean) / self.std


class PriceModel(nn.Module):
    def __init__(self, d, width=32):
        super().__init__()
        self.scale = Standardize(d)
        self.mlp = nn.Sequential(nn.Linear(d, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x):
        return self.mlp(self.scale(x)).squeeze(-1)


def houses(n, rng):
    area = rng.uniform(30, 200, n)
    rooms = rng.integers(1, 7, n)
    year = rng.integers(1950, 2020, n)
    price = 0.02 * area + 0.3 * rooms + 0.01 * (year - 1985) + rng.normal(0, 0.1, n)
    x = torch.tensor(np.c_[area, rooms, year], dtype=torch.float32)
    return x, torch.tensor(price, dtype=torch.float32)


def rmse(model, x, y):
    model.eval()
    with torch.no_grad():
        return torch.sqrt(nn.functional.mse_loss(model(x), y)).item()


def train(x, y, x_val, y_val, epochs=12):
    model = PriceModel(x.shape[1])
    model.scale.fit(x)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    best, blob = float("inf"), None
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            opt.step()
        val = rmse(model, x_val, y_val)
        if val < best:
            best = val
            blob = io.BytesIO()
            torch.save(model.state_dict(), blob)
    print("best val rmse", round(best, 3))
    return blob


def load(blob, d):
    blob.seek(0)
    model = PriceModel(d)
    model.load_state_dict(torch.load(blob, weights_only=True))
    return model


if __name__ == "__main__":
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x, y = houses(900, rng)
    x_val, y_val = houses(200, rng)
    x_test, y_test = houses(200, rng)
    blob = train(x, y, x_val, y_val)
    print("test rmse", round(rmse(load(blob, 3), x_test, y_test), 3))
