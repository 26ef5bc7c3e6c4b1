import math

import numpy as np
import torch
import torch.nn as nn


def load_series(n=900, seed=0):
    """Hourly power demand: a daily wave, a weekly wave, noise."""
    rng = np.random.default_rng(seed)
    h = np.arange(n)
    demand = 50 + 12 * np.sin(2 * math.pi * h / 24) + 5 * np.sin(2 * math.pi * h / 168) + rng.normal(0, 1.5, n)
    return demand.astype(np.float32)


def windows(series, lookback):
    x = np.stack([series[i:i + lookback] for i in range(len(series) - lookback)])
    y = series[lookback:]
    return torch.from_numpy(x).unsqueeze(-1), torch.from_numpy(y)


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.readout(h[-1])


def rmse_loss(pred, target):
    return torch.sqrt(torch.mean((pred - target) ** 2) + 1e-8)


class Runner:
    def __init__(self, config):
        self.cfg = config
        torch.manual_seed(config["seed"])
        series = load_series()
        cut = int(config["train_share"] * len(series))
        self.mean, self.std = float(series[:cut].mean()), float(series[:cut].std())
        scaled = (series - self.mean) / self.std
        self.train_xy = windows(scaled[:cut], config["lookback"])
        self.valid_xy = windows(scaled[cut:], config["lookback"])
        self.model = Forecaster(config["hidden"])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=config["lr"])

    def train_epoch(self):
        x, y = self.train_xy
        self.model.train()
        for idx in torch.randperm(len(x)).split(self.cfg["batch_size"]):
            pred = self.model(x[idx])
            loss = rmse_loss(pred, y[idx])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def validate(self):
        x, y = self.valid_xy
        self.model.eval()
        with torch.no_grad():
            forecast = self.model(x)[:, 0] * self.std + self.mean
        actual = y * self.std + self.mean
        return (forecast - actual).abs().mean().item()

    def run(self):
        for epoch in range(self.cfg["epochs"]):
            self.train_epoch()
            print(f"epoch {epoch + 1}: validation MAE {self.validate():.2f} MW")


if __name__ == "__main__":
    Runner({
        "seed": 0,
        "train_share": 0.75,
        "lookback": 24,
        "hidden": 24,
        "lr": 1e-2,
        "batch_size": 32,
        "epochs": 6,
    }).run()
