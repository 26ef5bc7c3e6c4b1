import torch
from torch import nn

torch.manual_seed(32)
x = torch.randn(320, 12)
net = nn.Sequential(nn.Linear(12, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(320).split(64):
        za = net(x[i] + 0.1 * torch.randn(64, 12))
        zb = net(x[i] + 0.1 * torch.randn(64, 12))
        za, zb = ((z - z.mean(0)) / (z.std(0) + 1e-6) for z in (za, zb))
        c = za.T @ zb / len(i)
        on = (c.diagonal() - 1).pow(2).sum()
        off = (c - torch.diag_embed(c.diagonal())).pow(2).sum()
        loss = on + 5e-3 * off
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
