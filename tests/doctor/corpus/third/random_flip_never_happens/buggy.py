import torch
import torch.nn as nn


class Augment:
    """Random sign flip and random time reversal of 1-d traces."""

    def coin(self, n):
        return torch.randint(0, 1, (n, 1)).bool()

    def __call__(self, x):
        x = torch.where(self.coin(len(x)), -x, x)
        return torch.where(self.coin(len(x)), x.flip(-1), x)


def traces(n, both, seed):
    """class 0: one bump, class 1: two bumps; test traces come in any direction and sign"""
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(48.0)
    y = torch.randint(0, 2, (n,), generator=g)
    c = 8 + 8 * torch.rand(n, 1, generator=g)
    x = torch.exp(-((t - c) / 3) ** 2)
    x = x + y[:, None] * 0.7 * torch.exp(-((t - c - 14) / 3) ** 2)
    if both:
        s = torch.randint(0, 2, (n, 1), generator=g) * 2 - 1
        r = torch.rand(n, 1, generator=g) < 0.5
        x = torch.where(r, x.flip(-1), x) * s
    return x + 0.15 * torch.randn(n, 48, generator=g), y


torch.manual_seed(61)
xtr, ytr = traces(500, False, 1)
xte, yte = traces(400, True, 2)
augment = Augment()
net = nn.Sequential(nn.Linear(48, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(20):
    for k in torch.randperm(500).split(25):
        opt.zero_grad()
        nn.functional.cross_entropy(net(augment(xtr[k])), ytr[k]).backward()
        opt.step()
with torch.no_grad():
    print("test acc", (net(xte).argmax(1) == yte).float().mean().item())
