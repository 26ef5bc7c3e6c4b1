import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(2024)
torch.manual_seed(2024)


def make_rides(days=730):
    """fake bike rental table: temp, hum, windspeed, day of year -> count"""
    t = np.arange(days)
    temp = 15 + 10 * np.sin(2 * np.pi * t / 365) + rng.normal(0, 2, days) + 0.01 * t
    hum = rng.uniform(30, 90, days)
    wind = rng.gamma(2.0, 4.0, days)
    cnt = 100 + 8 * temp - 0.5 * hum - 2 * wind + 0.2 * t + rng.normal(0, 10, days)
    return np.stack([temp, hum, wind, t], 1), cnt[:, None]


features, counts = make_rides()
n_test = 21 * 5

# standardise, keep the scaling to convert predictions back
f_mean, f_std = features.mean(0), features.std(0)
c_mean, c_std = counts.mean(), counts.std()
X = torch.tensor((features - f_mean) / f_std, dtype=torch.float32)
Y = torch.tensor((counts - c_mean) / c_std, dtype=torch.float32)

# the last weeks are the test period
X_train, Y_train = X[:-n_test], Y[:-n_test]
X_test, Y_test = X[-n_test:], Y[-n_test:]

net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for it in range(600):
    batch = torch.randint(0, len(X_train), (64,))
    loss = ((net(X_train[batch]) - Y_train[batch]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

net.eval()
with torch.no_grad():
    rmse = ((net(X_test) - Y_test) ** 2).mean().sqrt().item() * c_std
print(f"train loss {loss.item():.4f}  test RMSE {rmse:.1f} rentals")
