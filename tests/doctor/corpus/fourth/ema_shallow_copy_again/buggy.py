import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class EMA:
    """Exponential moving average of a network, kept as a second network."""

    def __init__(self, net, decay=0.98):
        self.decay = decay
        self.shadow = copy.copy(net)

    @torch.no_grad()
    def update(self, net):
        for s, p in zip(self.shadow.parameters(), net.parameters()):
            s.lerp_(p, 1.0 - self.decay)
        for s, b in zip(self.shadow.buffers(), net.buffers()):
            s.copy_(b)


def noisy_rings(n):
    r = torch.randint(0, 3, (n,))
    phi = 6.2832 * torch.rand(n)
    rad = r + 1 + 0.35 * torch.randn(n)
    return torch.stack((rad * phi.cos(), rad * phi.sin()), 1), r


def error_rate(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) != y).float().mean().item()


torch.manual_seed(0)
x_train, y_train = noisy_rings(600)
x_test, y_test = noisy_rings(1000)

net = nn.Sequential(nn.Linear(2, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
ema = EMA(net)

for epoch in range(12):
    net.train()
    for idx in torch.randperm(len(x_train)).split(24):
        loss = F.cross_entropy(net(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update(net)
    print(f"{epoch:2d} raw {error_rate(net, x_test, y_test):.3f}  averaged {error_rate(ema.shadow, x_test, y_test):.3f}")
