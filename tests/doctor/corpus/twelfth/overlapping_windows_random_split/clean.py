# 전력 수요 예측: 24시간을 보고 다음 1시간을 예측
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

WINDOW = 24
BATCH = 64


def make_series(n=1500, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    daily = np.sin(2 * np.pi * t / 24)
    drift = np.cumsum(rng.normal(0, 0.08, n))
    return (daily + drift + 0.1 * rng.normal(size=n)).astype(np.float32)


def to_windows(s):
    x = np.stack([s[i:i + WINDOW] for i in range(len(s) - WINDOW)])
    y = s[WINDOW:][:, None]
    return torch.from_numpy(x), torch.from_numpy(y)


torch.manual_seed(3)
series = make_series()
cut = int(0.8 * len(series))
series = (series - series[:cut].mean()) / series[:cut].std()

# train / test 분리
x_train, y_train = to_windows(series[:cut])
x_test, y_test = to_windows(series[cut:])

train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=BATCH, shuffle=True)


class Forecaster(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(WINDOW, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x):
        return self.net(x)


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()

for epoch in range(15):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()

# 평가
model.eval()
with torch.no_grad():
    print("train mse", round(criterion(model(x_train), y_train).item(), 4))
    print("test mse ", round(criterion(model(x_test), y_test).item(), 4))
