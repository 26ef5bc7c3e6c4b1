import torch
import torch.nn as nn


def mlp(*sizes, act=lambda: nn.LeakyReLU(0.2)):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(sizes) - 2:
            layers.append(act())
    return nn.Sequential(*layers)


def ring(n):
    """Points on a circle of radius two."""
    a = torch.rand(n) * 2 * torch.pi
    return 2 * torch.stack([a.cos(), a.sin()], 1) + 0.05 * torch.randn(n, 2)


class GAN:
    def __init__(self, zdim=4, lr=1e-3):
        self.zdim = zdim
        self.G = mlp(zdim, 48, 48, 2)
        self.D = mlp(2, 48, 48, 1)
        self.opt_g = torch.optim.Adam(self.G.parameters(), lr=lr, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=lr, betas=(0.5, 0.999))
        self.bce = nn.BCEWithLogitsLoss()

    def noise(self, n):
        return torch.randn(n, self.zdim)

    @torch.no_grad()
    def sample(self, n):
        return self.G(self.noise(n))

    def d_step(self, real):
        fake = self.sample(len(real))
        pos, neg = self.D(real), self.D(fake)
        loss = self.bce(pos, torch.ones_like(pos)) + self.bce(neg, torch.zeros_like(neg))
        self.opt_d.zero_grad()
        loss.backward()
        self.opt_d.step()
        return loss.item()

    def g_step(self, n):
        fooled = self.D(self.sample(n))
        loss = self.bce(fooled, torch.ones_like(fooled))
        self.opt_g.zero_grad()
        loss.backward()
        self.opt_g.step()
        return loss.item()


torch.manual_seed(7)
gan = GAN()
for it in range(600):
    ld = gan.d_step(ring(64))
    lg = gan.g_step(64)
    if it % 100 == 99:
        r = gan.sample(500).norm(dim=1)
        print(f"{it + 1:4d}  D {ld:.3f}  G {lg:.3f}  radius {r.mean().item():.2f} +- {r.std().item():.2f}")
