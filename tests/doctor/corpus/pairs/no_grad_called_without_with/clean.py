import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(78)
x = torch.randn(500, 7)
y = (x[:, 1] > x[:, 2]).long()
tr = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=40, shuffle=True)
va = DataLoader(TensorDataset(x[400:], y[400:]), batch_size=50)
net = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)


def evaluate():
    net.eval()
    with torch.no_grad():
        return sum((net(a).argmax(1) == b).sum().item() for a, b in va) / 100


for ep in range(4):
    net.train()
    for a, b in tr:
        opt.zero_grad()
        nn.functional.cross_entropy(net(a), b).backward()
        opt.step()
    print(ep, evaluate())
