import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def oversample(x, y):
    rare = (y == 1).nonzero().squeeze(1)
    times = int((y == 0).sum() // len(rare))
    extra = rare.repeat(max(times - 1, 0))
    keep = torch.cat([torch.arange(len(y)), extra])
    return x[keep], y[keep]


def split(x, y, frac):
    p = torch.randperm(len(x))
    k = int(len(x) * frac)
    return x[p[:k]], y[p[:k]], x[p[k:]], y[p[k:]]


torch.manual_seed(101)
x = torch.randn(500, 15)
y = ((x[:, 0] + torch.randn(500)) > 1.8).long()
x, y = oversample(x, y)
xt, yt, xv, yv = split(x, y, 0.8)
dl = DataLoader(TensorDataset(xt, yt), batch_size=32, shuffle=True)
net = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    net.train()
    for a, b in dl:
        opt.zero_grad()
        nn.functional.cross_entropy(net(a), b).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        pred = net(xv).argmax(1)
    recall = (pred[yv == 1] == 1).float().mean().item()
    print("epoch", epoch, "recall", round(recall, 3))
