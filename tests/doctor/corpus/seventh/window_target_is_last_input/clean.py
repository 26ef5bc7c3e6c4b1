# %% [markdown]
# Forecast the river level one step ahead from the last day.

# %%
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(3)

# %%
def river(n):
    t = torch.arange(n, dtype=torch.float32)
    level = 2.0 + 0.8 * torch.sin(2 * math.pi * t / 24) + 0.5 * torch.sin(2 * math.pi * t / 151)
    rain = torch.zeros(n)
    shock = torch.randn(n)
    for k in range(1, n):
        rain[k] = 0.9 * rain[k - 1] + 0.25 * shock[k]
    return level + rain


series = river(2400)
cut = 1900
past, future = series[:cut], series[cut:]
mu, sigma = past.mean(), past.std()
past, future = (past - mu) / sigma, (future - mu) / sigma

# %%
class Windows(Dataset):
    def __init__(self, values, length=24, horizon=1):
        self.values = values
        self.length = length
        self.horizon = horizon

    def __len__(self):
        return len(self.values) - self.length - self.horizon + 1

    def __getitem__(self, i):
        end = i + self.length
        return self.values[i:end].unsqueeze(-1), self.values[end + self.horizon - 1]


train_dl = DataLoader(Windows(past), batch_size=64, shuffle=True)
test_dl = DataLoader(Windows(future), batch_size=256)

# %%
class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.out(states[:, -1]).squeeze(-1)


net = Forecaster()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
mse = nn.MSELoss()

# %%
for epoch in range(5):
    net.train()
    total = 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = mse(net(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch} train mse {total / len(train_dl.dataset):.4f}")

# %%
net.eval()
se = 0.0
with torch.no_grad():
    for xb, yb in test_dl:
        se += (net(xb) - yb).square().sum().item()
rmse = sigma.item() * math.sqrt(se / len(test_dl.dataset))
print(f"test rmse {rmse:.4f} m")
