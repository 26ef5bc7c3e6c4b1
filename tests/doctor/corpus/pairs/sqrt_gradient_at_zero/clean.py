import torch
from torch import nn
import torch.nn.functional as F


def pairwise(a, b):
    d2 = (a.unsqueeze(1) - b.unsqueeze(0)).pow(2).sum(-1)
    return torch.sqrt(d2 + 1e-8)


torch.manual_seed(32)
x = torch.randn(240, 8)
y = x[:, :3].argmax(1)
enc = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(enc.parameters(), lr=3e-3)
for epoch in range(4):
    enc.train()
    for i in torch.randperm(240).split(24):
        z = enc(x[i])
        d = pairwise(z, z)
        same = (y[i][:, None] == y[i][None, :]).float()
        loss = (same * d.pow(1) + (1 - same) * F.relu(1.0 - d)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
