"""One step ahead forecast of a seasonal series. Chronological split, scaling from the past only."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    lookback: int = 24
    hidden: int = 32
    epochs: int = 10
    batch_size: int = 64
    lr: float = 1e-2
    train_frac: float = 0.7
    val_frac: float = 0.15
    seed: int = 0


def make_series(n, rng):
    t = np.arange(n)
    return 20 + 5 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(2 * np.pi * t / 168) + rng.normal(0, 0.6, n)


def windows(series, lookback):
    X = np.stack([series[i:i + lookback] for i in range(len(series) - lookback)])
    y = series[lookback:]
    return (torch.tensor(X, dtype=torch.float32).unsqueeze(-1),
            torch.tensor(y, dtype=torch.float32).unsqueeze(-1))


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=hidden, num_layers=1, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return x[:, -1] + self.head(out[:, -1, :])


def run_epoch(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    total = 0.0
    with torch.set_grad_enabled(training):
        for xb, yb in loader:
            loss = criterion(model(xb), yb)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(xb)
    return total / len(loader.dataset)


def main(cfg=Config()):
    torch.manual_seed(cfg.seed)
    series = make_series(1400, np.random.default_rng(cfg.seed))
    a = int(len(series) * cfg.train_frac)
    b = int(len(series) * (cfg.train_frac + cfg.val_frac))
    mean, std = series[:a].mean(), series[:a].std()
    z = (series - mean) / std
    # validation and test windows may look back into the earlier part: that past is known by then
    parts = {"train": z[:a], "val": z[a - cfg.lookback:b], "test": z[b - cfg.lookback:]}
    loaders = {k: DataLoader(TensorDataset(*windows(v, cfg.lookback)), batch_size=cfg.batch_size, shuffle=(k == "train"))
               for k, v in parts.items()}
    model = Forecaster(cfg.hidden)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=cfg.epochs)
    best = (float("inf"), None)
    for epoch in range(cfg.epochs):
        tr = run_epoch(model, loaders["train"], criterion, optimizer)
        va = run_epoch(model, loaders["val"], criterion)
        scheduler.step()
        if va < best[0]:
            best = (va, {k: v.detach().clone() for k, v in model.state_dict().items()})
        print(f"epoch {epoch} train {tr:.4f} val {va:.4f}")
    model.load_state_dict(best[1])
    mse = run_epoch(model, loaders["test"], criterion)
    x, y = loaders["test"].dataset.tensors
    naive = (x[:, -1] - y).pow(2).mean().item()
    print(f"test RMSE {std * mse ** 0.5:.3f} degrees; persistence {std * naive ** 0.5:.3f} degrees")


if __name__ == "__main__":
    main()
