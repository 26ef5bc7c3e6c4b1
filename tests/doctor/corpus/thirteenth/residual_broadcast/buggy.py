import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(0)
torch.manual_seed(0)

# house prices, sort of
n = 1000
area = rng.uniform(30, 200, n)
rooms = np.round(area / 30 + rng.normal(0, 0.5, n))
age = rng.uniform(0, 60, n)
price = 2.5 * area + 8 * rooms - 1.2 * age + rng.normal(0, 10, n)

X = np.stack([area, rooms, age], axis=1).astype("float32")
y = price.astype("float32")
n_train = 800
mu, sd = X[:n_train].mean(0), X[:n_train].std(0)
y_mu, y_sd = y[:n_train].mean(), y[:n_train].std()
X = torch.from_numpy((X - mu) / sd)
y = torch.from_numpy((y - y_mu) / y_sd)

reg = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(reg.parameters(), lr=0.01)


def rmse(features, target):
    reg.eval()
    with torch.no_grad():
        out = reg(features).flatten()
    return float(y_sd) * ((out - target) ** 2).mean().sqrt().item()


for epoch in range(30):
    reg.train()
    for b in torch.randperm(n_train).split(64):
        out = reg(X[b])
        loss = ((out - y[b]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(loss.item(), 4), "test rmse", round(rmse(X[n_train:], y[n_train:]), 2))
