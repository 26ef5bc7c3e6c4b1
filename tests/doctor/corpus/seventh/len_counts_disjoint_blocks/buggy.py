"""Hourly grid load -> load of the next hour (Temporal ConvNet)."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

HOURS_PER_YEAR = 24 * 120        # a short year


def grid_load(years, seed):
    rng = np.random.default_rng(seed)
    h = np.arange(years * HOURS_PER_YEAR)
    season = np.sin(2 * np.pi * h / HOURS_PER_YEAR)
    day = np.sin(2 * np.pi * h / 24) + 0.4 * np.sin(4 * np.pi * h / 24 + 1.0)
    noise = np.convolve(rng.normal(0, 0.15, len(h) + 5), np.ones(6) / 2.0, mode="valid")
    return (50 + 9 * season + (6 + 3 * season) * day + noise).astype(np.float32)


class LoadWindows(Dataset):
    def __init__(self, load, length):
        self.load = torch.from_numpy(load)
        self.length = length

    def __len__(self):
        return len(self.load) // self.length

    def __getitem__(self, start):
        stop = start + self.length
        return self.load[start:stop].unsqueeze(0), self.load[stop]


class Causal(nn.Module):
    def __init__(self, a, b, k, dilation):
        super().__init__()
        self.pad = nn.ConstantPad1d(((k - 1) * dilation, 0), 0.0)
        self.conv = nn.Conv1d(a, b, k, dilation=dilation)

    def forward(self, x):
        return torch.relu(self.conv(self.pad(x)))


class TCN(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.layers = nn.Sequential(*[Causal(1 if d == 1 else width, width, 3, d) for d in (1, 2, 4, 8)])
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        return self.head(self.layers(x)[..., -1]).squeeze(-1)


def mae(model, loader, unit):
    model.eval()
    total, n = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            total += (model(x) - y).abs().sum().item()
            n += y.numel()
    return unit * total / n


if __name__ == "__main__":
    torch.manual_seed(16)
    load = grid_load(years=2, seed=16)
    first, second = load[:HOURS_PER_YEAR], load[HOURS_PER_YEAR:]
    mean, std = first.mean(), first.std()
    train_loader = DataLoader(LoadWindows((first - mean) / std, length=30), batch_size=64, shuffle=True)
    test_loader = DataLoader(LoadWindows((second - mean) / std, length=30), batch_size=512)

    model = TCN()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    criterion = nn.SmoothL1Loss()
    for epoch in range(6):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        print(f"epoch {epoch}: test MAE {mae(model, test_loader, float(std)):.3f} GW")
