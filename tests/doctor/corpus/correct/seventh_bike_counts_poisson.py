"""Hourly bike rentals: count regression with Poisson loss, chronological split, cyclic features."""
import argparse
import math
import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

FEATURES = ["sin_hour", "cos_hour", "sin_hour2", "cos_hour2", "weekend", "temperature", "rain"]


def simulate(days, seed):
    rng = np.random.default_rng(seed)
    hour_index = np.arange(days * 24)
    hour, day = hour_index % 24, hour_index // 24
    weekend = (day % 7 >= 5).astype(float)
    temperature = 12 + 6 * np.sin(2 * np.pi * (hour - 9) / 24) + np.repeat(rng.normal(0, 4, days), 24)
    rain = (rng.random(len(hour)) < 0.15).astype(float)
    commute = np.exp(-((hour - 8) ** 2) / 4) + np.exp(-((hour - 17) ** 2) / 6)
    leisure = np.exp(-((hour - 14) ** 2) / 20)
    log_rate = 1.5 + 0.04 * temperature - 0.7 * rain + np.where(weekend == 1, 1.6 * leisure, 1.8 * commute)
    angle = 2 * np.pi * hour / 24
    x = np.stack(
        [np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle), weekend, temperature, rain], axis=1
    )
    return x.astype(np.float32), rng.poisson(np.exp(log_rate)).astype(np.float32)


def split_in_time(x, y, test_days, val_days):
    n = len(y)
    a, b = n - 24 * (test_days + val_days), n - 24 * test_days
    return (x[:a], y[:a]), (x[a:b], y[a:b]), (x[b:], y[b:])


class CountNet(nn.Module):
    """Returns the logarithm of the expected count."""

    def __init__(self, n_in, hidden, start_rate):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1)
        )
        nn.init.constant_(self.layers[-1].bias, math.log(start_rate))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


def evaluate(model, loader, loss_fn):
    model.eval()
    nll, abs_err, n = 0.0, 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            log_rate = model(x)
            nll += loss_fn(log_rate, y).item() * len(y)
            abs_err += (log_rate.exp() - y).abs().sum().item()
            n += len(y)
    return nll / n, abs_err / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--hidden", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x, y = simulate(days=120, seed=args.seed)
    train, val, test = split_in_time(x, y, test_days=20, val_days=15)
    mean, std = train[0].mean(axis=0), train[0].std(axis=0)
    train_loader, val_loader, test_loader = (
        DataLoader(
            TensorDataset(torch.from_numpy((a - mean) / std), torch.from_numpy(b)),
            batch_size=64,
            shuffle=a is train[0],
        )
        for a, b in (train, val, test)
    )

    model = CountNet(len(FEATURES), args.hidden, float(train[1].mean()))
    loss_fn = nn.PoissonNLLLoss(log_input=True, full=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs, eta_min=args.lr / 100)

    with tempfile.TemporaryDirectory() as folder:
        best_path = os.path.join(folder, "best.pt")
        best = float("inf")
        for epoch in range(args.epochs):
            model.train()
            for xb, yb in train_loader:
                loss = loss_fn(model(xb), yb)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            scheduler.step()
            nll, mae = evaluate(model, val_loader, loss_fn)
            if nll < best:
                best = nll
                torch.save(model.state_dict(), best_path)
            if (epoch + 1) % 5 == 0:
                print(f"epoch {epoch + 1:2d}: val NLL {nll:.4f}  val MAE {mae:.2f} bikes")
        model.load_state_dict(torch.load(best_path, weights_only=True))

    nll, mae = evaluate(model, test_loader, loss_fn)
    baseline = np.abs(test[1] - train[1].mean()).mean()
    print(f"test NLL {nll:.4f}  MAE {mae:.2f} bikes per hour (constant prediction: {baseline:.2f})")


if __name__ == "__main__":
    main()
