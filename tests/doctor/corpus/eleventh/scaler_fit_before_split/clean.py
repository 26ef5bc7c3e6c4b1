"""Traffic flow forecasting, one sensor group. Predict the next step from the last `lag` steps."""
import numpy as np
import torch
import torch.nn as nn


class StandardScaler:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def transform(self, x):
        return (x - self.mean) / self.std

    def inverse_transform(self, x):
        return x * self.std + self.mean


def simulate(steps=900, nodes=4, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(steps)[:, None]
    phase = rng.uniform(0, 2 * np.pi, size=(1, nodes))
    level = 50 + 0.04 * t                      # demand grows over the year
    return level + 12 * np.sin(2 * np.pi * t / 24 + phase) + rng.normal(0, 1.5, size=(steps, nodes))


def add_window(data, lag):
    xs = np.stack([data[i:i + lag] for i in range(len(data) - lag)])
    return torch.tensor(xs, dtype=torch.float32), torch.tensor(data[lag:], dtype=torch.float32)


def get_data(lag=12, val_ratio=0.15, test_ratio=0.15):
    raw = simulate()
    n_test, n_val = int(len(raw) * test_ratio), int(len(raw) * val_ratio)
    n_train = len(raw) - n_val - n_test
    scaler = StandardScaler(raw[:n_train].mean(), raw[:n_train].std())
    data = scaler.transform(raw)
    parts = data[:n_train], data[n_train:n_train + n_val], data[n_train + n_val:]
    return [add_window(p, lag) for p in parts], scaler


torch.manual_seed(1)
(train, val, test), scaler = get_data()
net = nn.Sequential(nn.Flatten(), nn.Linear(12 * 4, 64), nn.ReLU(), nn.Linear(64, 4))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
mae = nn.L1Loss()
for epoch in range(1, 21):
    net.train()
    for idx in torch.randperm(len(train[0])).split(32):
        opt.zero_grad()
        mae(net(train[0][idx]), train[1][idx]).backward()
        opt.step()
    if epoch % 5 == 0:
        net.eval()
        with torch.no_grad():
            v = mae(scaler.inverse_transform(net(val[0])), scaler.inverse_transform(val[1]))
        print(f"epoch {epoch:2d}  val MAE {v.item():.3f}")
net.eval()
with torch.no_grad():
    e = mae(scaler.inverse_transform(net(test[0])), scaler.inverse_transform(test[1]))
print(f"test MAE {e.item():.3f}")
