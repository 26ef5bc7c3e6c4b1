"""RealNVP density estimation on two moons."""
import math

import torch
from torch import nn


class AffineCoupling(nn.Module):
    def __init__(self, mask, hidden=32):
        super().__init__()
        self.register_buffer("mask", mask)
        self.net = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(),
                                 nn.Linear(hidden, 4))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def scale_shift(self, kept):
        s, t = self.net(kept).chunk(2, dim=1)
        free = 1 - self.mask
        return torch.tanh(s) * 1.5 * free, t * free

    def forward(self, x):
        s, t = self.scale_shift(x * self.mask)
        return x * s.exp() + t, s.sum(dim=1)

    def inverse(self, z):
        s, t = self.scale_shift(z * self.mask)
        return (z - t) * (-s).exp()


class RealNVP(nn.Module):
    def __init__(self, layers=6):
        super().__init__()
        masks = [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])]
        self.layers = nn.ModuleList(AffineCoupling(masks[i % 2]) for i in range(layers))

    def log_prob(self, x):
        logdet = x.new_zeros(x.size(0))
        for layer in self.layers:
            x, ld = layer(x)
            logdet = logdet + ld
        base = -0.5 * (x.pow(2).sum(dim=1) + 2 * math.log(2 * math.pi))
        return base + logdet

    @torch.no_grad()
    def sample(self, n):
        z = torch.randn(n, 2)
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


def two_moons(n):
    t = math.pi * torch.rand(n)
    lower = torch.rand(n) < 0.5
    x = torch.where(lower, 1 - t.cos(), t.cos())
    y = torch.where(lower, 0.5 - t.sin(), t.sin())
    return torch.stack([x, y], dim=1) + 0.08 * torch.randn(n, 2)


if __name__ == "__main__":
    torch.manual_seed(40)
    train, test = two_moons(2000), two_moons(1000)
    mean, std = train.mean(dim=0), train.std(dim=0)
    train, test = (train - mean) / std, (test - mean) / std

    flow = RealNVP()
    opt = torch.optim.Adam(flow.parameters(), lr=5e-3)
    for epoch in range(20):
        total = 0.0
        for idx in torch.randperm(len(train)).split(125):
            nll = -flow.log_prob(train[idx]).mean()
            opt.zero_grad(set_to_none=True)
            nll.backward()
            opt.step()
            total += nll.item() * len(idx)
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1:2d} train NLL {total / len(train):.4f}")

    with torch.no_grad():
        test_nll = -flow.log_prob(test).mean().item()
    gaussian_nll = 1 + math.log(2 * math.pi)
    print(f"test NLL {test_nll:.4f} (standard normal: {gaussian_nll:.4f})")
    samples = flow.sample(1000) * std + mean
    print("sample mean", samples.mean(dim=0).tolist(), "data mean", mean.tolist())
