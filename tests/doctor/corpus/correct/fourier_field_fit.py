import numpy as np
import torch
from torch import nn, optim


class FourierFeatures(nn.Module):
    def __init__(self, n, scale):
        super().__init__()
        self.register_buffer("B", torch.randn(2, n) * scale)

    def forward(self, xy):
        p = 2 * np.pi * xy @ self.B
        return torch.cat([p.sin(), p.cos()], dim=-1)


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(30 * x)


def siren_init(linear, first):
    n = linear.in_features
    bound = 1 / n if first else np.sqrt(6 / n) / 30
    nn.init.uniform_(linear.weight, -bound, bound)


def siren(width=32):
    layers = [nn.Linear(2, width), nn.Linear(width, width), nn.Linear(width, 1)]
    for k, l in enumerate(layers):
        siren_init(l, first=k == 0)
    return nn.Sequential(layers[0], Sine(), layers[1], Sine(), layers[2])


def fourier_mlp(width=32):
    return nn.Sequential(FourierFeatures(24, 3.0), nn.Linear(48, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))


def picture(xy):
    x, y = xy.unbind(-1)
    return torch.sin(8 * x) * torch.cos(6 * y) + (x**2 + y**2 < 0.3).float()


def psnr(net, xy, value):
    with torch.no_grad():
        mse = (net(xy).squeeze(-1) - value).pow(2).mean()
    return -10 * torch.log10(mse).item()


def fit(net, lr, steps=120):
    opt = optim.Adam(net.parameters(), lr=lr)
    decay = optim.lr_scheduler.ExponentialLR(opt, gamma=0.99)
    for _ in range(steps):
        xy = torch.rand(512, 2) * 2 - 1
        loss = (net(xy).squeeze(-1) - picture(xy)).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        decay.step()
    return net


torch.manual_seed(0)
axis = torch.linspace(-0.99, 0.99, 40)
grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1).reshape(-1, 2)
truth = picture(grid)
for name, net, lr in [("fourier", fourier_mlp(), 5e-3), ("siren", siren(), 5e-4)]:
    print(name, "PSNR", round(psnr(fit(net, lr), grid, truth), 2))
