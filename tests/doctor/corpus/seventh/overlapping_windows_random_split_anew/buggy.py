"""Forecast of the mean change over the next days of a price-like series with an LSTM."""
import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

ap = argparse.ArgumentParser()
ap.add_argument("--length", type=int, default=900)
ap.add_argument("--context", type=int, default=20)
ap.add_argument("--horizon", type=int, default=5)
ap.add_argument("--hidden", type=int, default=24)
ap.add_argument("--epochs", type=int, default=8)
ap.add_argument("--lr", type=float, default=5e-3)
ap.add_argument("--seed", type=int, default=1)
args = ap.parse_args([])

torch.manual_seed(args.seed)


class Windows(Dataset):
    """(context values, mean of the next `horizon` values)"""

    def __init__(self, s, context, horizon):
        self.s, self.c, self.h = s, context, horizon

    def __len__(self):
        return len(self.s) - self.c - self.h + 1

    def __getitem__(self, i):
        past = self.s[i:i + self.c]
        future = self.s[i + self.c:i + self.c + self.h]
        return past.unsqueeze(-1), future.mean() - past[-1]


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.out(h[:, -1]).squeeze(-1)


noise = torch.randn(args.length)
series = torch.zeros(args.length)
for k in range(1, args.length):
    series[k] = series[k - 1] + 0.4 * noise[k - 1] + noise[k]

cut = int(0.75 * args.length)
mean, std = series[:cut].mean(), series[:cut].std()
series = (series - mean) / std

windows = Windows(series, args.context, args.horizon)
n_train = int(0.75 * len(windows))
train_ds, val_ds = torch.utils.data.random_split(windows, [n_train, len(windows) - n_train])
train_dl = DataLoader(train_ds, batch_size=32, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=64)
model = Forecaster(args.hidden)
opt = torch.optim.Adam(model.parameters(), lr=args.lr)


def evaluate():
    model.eval()
    err = base = n = 0
    with torch.no_grad():
        for x, y in val_dl:
            err += (model(x) - y).pow(2).sum().item()
            base += y.pow(2).sum().item()
            n += len(y)
    return err / n, base / n


for epoch in range(args.epochs):
    model.train()
    total = 0.0
    for x, y in train_dl:
        loss = nn.functional.mse_loss(model(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item() * len(y)
    mse, naive = evaluate()
    print(f"epoch {epoch} train {total / len(train_ds):.5f} val {mse:.5f} (last value {naive:.5f})")
