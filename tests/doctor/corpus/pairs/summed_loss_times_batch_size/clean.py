import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(112)
x = torch.randn(560, 6)
y = x[:, :3].argmax(1)
tl = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=40, shuffle=True)
vl = DataLoader(TensorDataset(x[480:], y[480:]), batch_size=32)
f = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))
o = torch.optim.Adam(f.parameters(), lr=3e-3)
for epoch in range(4):
    f.train()
    for a, b in tl:
        o.zero_grad()
        F.cross_entropy(f(a), b).backward()
        o.step()
    f.eval()
    total = 0.0
    with torch.no_grad():
        for a, b in vl:
            total += F.cross_entropy(f(a), b, reduction="sum").item()
    print(epoch, "val nll", total / len(vl.dataset))
