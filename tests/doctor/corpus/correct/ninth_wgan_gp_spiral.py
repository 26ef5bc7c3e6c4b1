"""WGAN with gradient penalty: several critic steps per generator step, double backward through the input gradient."""
import argparse
from itertools import count

import torch
from torch import autograd, nn


def spiral(n):
    t = torch.rand(n).sqrt() * 9
    return torch.stack([t * torch.cos(t), t * torch.sin(t)], 1) / 5 + 0.03 * torch.randn(n, 2)


def net(i, o, norm=False):
    layers = []
    for a, b in ((i, 64), (64, 64)):
        layers += [nn.Linear(a, b)] + ([nn.LayerNorm(b)] if norm else []) + [nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(64, o))


class WGANGP:
    def __init__(self, opt):
        self.o = opt
        self.G, self.C = net(opt.nz, 2), net(2, 1, norm=True)
        self.optG = torch.optim.Adam(self.G.parameters(), lr=opt.lr, betas=(0.0, 0.9))
        self.optC = torch.optim.Adam(self.C.parameters(), lr=opt.lr, betas=(0.0, 0.9))

    def noise(self, n):
        return torch.randn(n, self.o.nz)

    def penalty(self, real, fake):
        eps = torch.rand(len(real), 1)
        mid = (eps * real + (1 - eps) * fake).requires_grad_(True)
        g, = autograd.grad(self.C(mid).sum(), mid, create_graph=True)
        return ((g.norm(2, dim=1) - 1) ** 2).mean()

    def critic_step(self):
        real = spiral(self.o.batch)
        with torch.no_grad():
            fake = self.G(self.noise(len(real)))
        gap = self.C(real).mean() - self.C(fake).mean()
        loss = -gap + self.o.lam * self.penalty(real, fake)
        self.optC.zero_grad()
        loss.backward()
        self.optC.step()
        return gap.item()

    def generator_step(self):
        self.C.requires_grad_(False)  # the critic is a fixed function here
        loss = -self.C(self.G(self.noise(self.o.batch))).mean()
        self.optG.zero_grad()
        loss.backward()
        self.optG.step()
        self.C.requires_grad_(True)

    @torch.no_grad()
    def energy_distance(self, n=400):
        x, y = spiral(n), self.G(self.noise(n))
        off = n / (n - 1)  # the zero diagonal does not count
        return (2 * torch.cdist(x, y).mean() - off * torch.cdist(x, x).mean() - off * torch.cdist(y, y).mean()).item()

    def run(self):
        print(f"start energy distance {self.energy_distance():.4f}")
        for it in count(1):
            gap = sum(self.critic_step() for _ in range(self.o.n_critic)) / self.o.n_critic
            self.generator_step()
            if it % (self.o.iters // 4) == 0:
                print(f"iter {it} wasserstein estimate {gap:.3f} energy distance {self.energy_distance():.4f}")
            if it >= self.o.iters:
                break


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--iters", type=int, default=100)
    ap.add_argument("--n-critic", type=int, default=5)
    ap.add_argument("--batch", type=int, default=128)
    ap.add_argument("--nz", type=int, default=4)
    ap.add_argument("--lam", type=float, default=1.0)
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--seed", type=int, default=70)
    o = ap.parse_args()
    torch.manual_seed(o.seed)
    WGANGP(o).run()
