"""Quantile forecasts with an expanding time window; scaling is fitted on the past only."""
import numpy as np
import torch
from torch import nn

QS = torch.tensor([0.1, 0.5, 0.9])


def series(n=900, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    y = 10 + 0.01 * t + 3 * np.sin(2 * np.pi * t / 24) + rng.normal(0, 1 + 0.5 * np.sin(2 * np.pi * t / 24) ** 2, n)
    return y.astype(np.float32)


def windows(y, lookback):
    x = np.lib.stride_tricks.sliding_window_view(y[:-1], lookback)
    return torch.from_numpy(x.copy()), torch.from_numpy(y[lookback:].copy())


def pinball(pred, y):
    err = y.unsqueeze(1) - pred
    return torch.maximum(QS * err, (QS - 1) * err).mean()


class Forecaster(nn.Module):
    def __init__(self, lookback):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(lookback, 64), nn.ReLU(), nn.Linear(64, 3))

    def forward(self, x):
        median, low, high = self.f(x).unbind(1)
        step = nn.functional.softplus
        return torch.stack([median - step(low), median, median + step(high)], dim=1)


def fit(x, y, epochs=15):
    model = Forecaster(x.size(1))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss = pinball(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
    return model


def backtest(y, folds=3, horizon=120, lookback=24):
    scores = []
    for k in range(folds):
        end = len(y) - horizon * (folds - k)
        past = y[:end]
        mean, std = past.mean(), past.std()
        x_tr, y_tr = windows((past - mean) / std, lookback)
        future = y[end - lookback:end + horizon]
        x_te, y_te = windows((future - mean) / std, lookback)
        model = fit(x_tr, y_tr)
        model.eval()
        with torch.no_grad():
            q = model(x_te)
        loss = pinball(q, y_te).item() * float(std)
        cover = ((y_te >= q[:, 0]) & (y_te <= q[:, 2])).float().mean().item()
        scores.append(loss)
        print(f"fold {k}: train {len(x_tr)} test {len(x_te)} pinball {loss:.3f} coverage {cover:.2f}")
    return np.mean(scores)


if __name__ == "__main__":
    torch.manual_seed(0)
    print("mean pinball", backtest(series()))
