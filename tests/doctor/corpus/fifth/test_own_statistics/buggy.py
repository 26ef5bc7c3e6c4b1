import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(21)


class HeatDemand(Dataset):
    def __init__(self, weather, demand, stats=None):
        if stats is None:
            stats = weather.mean(0), weather.std(0)
        self.stats = stats
        self.weather = (weather - stats[0]) / stats[1]
        self.demand = demand

    def __len__(self):
        return len(self.demand)

    def __getitem__(self, k):
        return self.weather[k], self.demand[k]


# two years of days: temperature, wind
day = torch.arange(730.0)
temp = 10 - 11 * torch.cos(2 * math.pi * day / 365) + 2 * torch.randn(730)
wind = 4 + torch.randn(730).abs()
weather = torch.stack([temp, wind], 1)
demand = F.relu(18 - temp) * (1 + 0.05 * wind) / 10 + 0.05 * torch.randn(730)

past = HeatDemand(weather[:640], demand[:640])
recent = HeatDemand(weather[640:], demand[640:])
train_dl = DataLoader(past, batch_size=40, shuffle=True)
test_dl = DataLoader(recent, batch_size=45)

net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 1), nn.Flatten(0))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)

for epoch in range(15):
    net.train()
    for w, d in train_dl:
        opt.zero_grad()
        F.mse_loss(net(w), d).backward()
        opt.step()

net.eval()
err = 0.0
with torch.no_grad():
    for w, d in test_dl:
        err += F.l1_loss(net(w), d, reduction="sum").item()
print("mean absolute error, last quarter:", round(err / len(recent), 3))
