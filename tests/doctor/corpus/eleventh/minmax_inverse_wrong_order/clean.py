import numpy as np
import torch
from torch import nn


class MinMax:
    def fit(self, v):
        self.lo, self.hi = v.min(), v.max()
        return self

    def transform(self, v):
        return (v - self.lo) / (self.hi - self.lo)

    def inverse(self, z):
        return z * (self.hi - self.lo) + self.lo


def windows(series, k):
    X = np.stack([series[i:i + k] for i in range(len(series) - k)])
    return torch.tensor(X, dtype=torch.float32), torch.tensor(series[k:], dtype=torch.float32)[:, None]


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x.unsqueeze(-1))
        return self.fc(out[:, -1])


np.random.seed(6)
torch.manual_seed(6)
hours = np.arange(700)
load = 40 + 12 * np.sin(2 * np.pi * hours / 24) + 4 * np.sin(2 * np.pi * hours / 168) + np.random.randn(700)
train, test = load[:560], load[560:]
scaler = MinMax().fit(train)
Xtr, ytr = windows(scaler.transform(train), 24)
Xte, yte = windows(scaler.transform(test), 24)

model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(len(Xtr)).split(64):
        opt.zero_grad()
        nn.functional.mse_loss(model(Xtr[idx]), ytr[idx]).backward()
        opt.step()

model.eval()
with torch.no_grad():
    pred = scaler.inverse(model(Xte).numpy())
truth = test[24:, None]
print("test RMSE [MW]: %.3f" % np.sqrt(((pred - truth) ** 2).mean()))
print("next hour [MW]: %.2f" % pred[-1, 0])
