"""One-step-ahead forecasting of a noisy seasonal signal with an LSTM."""
import copy
import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SEED, WINDOW, BATCH, EPOCHS = 3, 24, 32, 20
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


def make_series(n=1200):
    t = np.arange(n)
    season = 10 * np.sin(2 * math.pi * t / 24) + 4 * np.sin(2 * math.pi * t / 7)
    return (50 + season + rng.normal(0, 1.0, n)).astype(np.float32)


class WindowDataset(Dataset):
    """x = values[i : i+window], y = values[i+window]."""

    def __init__(self, values, window):
        self.values = torch.from_numpy(values)
        self.window = window

    def __len__(self):
        return len(self.values) - self.window

    def __getitem__(self, i):
        x = self.values[i : i + self.window].unsqueeze(-1)
        y = self.values[i + self.window]
        return x, y


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.out(h[:, -1]).squeeze(-1)


series = make_series()
n_train, n_val = 800, 200
train_raw = series[:n_train]
# the first WINDOW points of val/test are only history for the inputs
val_raw = series[n_train - WINDOW : n_train + n_val]
test_raw = series[n_train + n_val - WINDOW :]

mu, sigma = train_raw.mean(), train_raw.std()
train_set, val_set, test_set = (WindowDataset((s - mu) / sigma, WINDOW) for s in (train_raw, val_raw, test_raw))

train_loader = DataLoader(train_set, batch_size=BATCH, shuffle=True)
val_loader = DataLoader(val_set, batch_size=BATCH)
test_loader = DataLoader(test_set, batch_size=BATCH)

model = Forecaster()
loss_fn = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=EPOCHS)


def mse(loader):
    model.eval()
    sq, n = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            sq += ((model(x) - y) ** 2).sum().item()
            n += y.numel()
    return sq / n


best, best_state = math.inf, None
for epoch in range(EPOCHS):
    model.train()
    for x, y in train_loader:
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    sched.step()
    v = mse(val_loader)
    print(f"epoch {epoch}: val RMSE {math.sqrt(v) * sigma:.3f}")
    if v < best:
        best, best_state = v, copy.deepcopy(model.state_dict())

model.load_state_dict(best_state)
test_rmse = math.sqrt(mse(test_loader)) * sigma
naive = np.sqrt(np.mean((test_raw[WINDOW:] - test_raw[WINDOW - 1 : -1]) ** 2))
print(f"test RMSE {test_rmse:.3f}  (last-value baseline {naive:.3f})")
