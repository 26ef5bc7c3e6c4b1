import math

import torch
from torch import nn
from torch.autograd import Function
from torch.nn.utils.parametrizations import spectral_norm


class Reverse(Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.strength * g, None


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.label = nn.Linear(32, 2)
        self.domain = nn.Sequential(spectral_norm(nn.Linear(32, 16)), nn.ReLU(), spectral_norm(nn.Linear(16, 1)))

    def forward(self, x, strength=0.0):
        h = self.features(x)
        return self.label(h), self.domain(Reverse.apply(h, strength)).squeeze(-1)


def rotated(n, angle, g):
    y = torch.randint(0, 2, (n,), generator=g)
    x = torch.randn(n, 2, generator=g) * 0.4 + torch.stack([y * 2.0 - 1, torch.zeros(n)], 1)
    c, s = math.cos(angle), math.sin(angle)
    return x @ torch.tensor([[c, s], [-s, c]]), y


torch.manual_seed(0)
g = torch.Generator().manual_seed(0)
xs, ys = rotated(600, 0.0, g)
xt, yt = rotated(600, 0.6, g)  # target labels are used for scoring only
net = DANN()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
ce, bce = nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()
steps = 120
for i in range(steps):
    p = i / steps
    strength = 2 / (1 + math.exp(-10 * p)) - 1
    a, b = torch.randint(0, 400, (32,)), torch.randint(0, 400, (32,))
    label_out, dom_s = net(xs[a], strength)
    _, dom_t = net(xt[b], strength)
    loss = ce(label_out, ys[a]) + 0.5 * (bce(dom_s, torch.zeros(32)) + bce(dom_t, torch.ones(32)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    for group in opt.param_groups:
        group["lr"] = 0.05 / (1 + 10 * p) ** 0.75

net.eval()
with torch.no_grad():
    for name, x, y in (("source", xs[400:], ys[400:]), ("target", xt[400:], yt[400:])):
        print(name, (net(x)[0].argmax(1) == y).float().mean().item())
