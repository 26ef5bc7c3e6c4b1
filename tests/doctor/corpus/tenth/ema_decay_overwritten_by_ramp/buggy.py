import copy

import torch
from torch import nn


class EMA:
    """Exponential moving average of the weights, with a short memory at the beginning."""

    def __init__(self, model, decay=0.99):
        self.shadow = copy.deepcopy(model).eval()
        self.shadow.requires_grad_(False)
        self.decay = decay
        self.num_updates = 0

    @torch.no_grad()
    def step(self, model):
        self.num_updates += 1
        ramp = (1 + self.num_updates) / (10 + self.num_updates)
        self.decay = min(self.decay, ramp)
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1.0 - self.decay)


def denoiser():
    return nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))


def moons(n):
    a = torch.rand(n) * torch.pi
    up = torch.rand(n) < 0.5
    x = torch.where(up, a.cos(), 1 - a.cos())
    y = torch.where(up, a.sin(), 0.5 - a.sin())
    return torch.stack([x, y], 1)


def noise_loss(net, x0, t, eps):
    xt = (1 - t) * x0 + t * eps
    return ((net(torch.cat([xt, t], 1)) - (eps - x0)) ** 2).mean()


def main():
    torch.manual_seed(303)
    net = denoiser()
    ema = EMA(net)
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    held_out = moons(4000), torch.rand(4000, 1), torch.randn(4000, 2)
    for it in range(1, 601):
        loss = noise_loss(net, moons(64), torch.rand(64, 1), torch.randn(64, 2))
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.step(net)
        if it % 200 == 0:
            with torch.no_grad():
                print(f"it {it}: ema loss {noise_loss(ema.shadow, *held_out).item():.4f}")


main()
