import argparse
import torch
import torch.nn as nn
from torch import autograd

parser = argparse.ArgumentParser()
parser.add_argument("--iterations", type=int, default=150)
parser.add_argument("--critic-steps", type=int, default=5)
parser.add_argument("--gp-weight", type=float, default=10.0)
parser.add_argument("--lr", type=float, default=1e-3)
args = parser.parse_args()

torch.manual_seed(2)
centers = torch.tensor([[-2.0, 0.0], [2.0, 0.0], [0.0, 2.0]])


def real(n):
    return centers[torch.randint(0, 3, (n,))] + 0.15 * torch.randn(n, 2)


class WGANGP:
    def __init__(self, latent=4, width=48):
        self.latent = latent
        self.G = nn.Sequential(nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))
        self.D = nn.Sequential(nn.Linear(2, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))
        self.optG = torch.optim.Adam(self.G.parameters(), lr=args.lr, betas=(0.0, 0.9))
        self.optD = torch.optim.Adam(self.D.parameters(), lr=args.lr, betas=(0.0, 0.9))

    def noise(self, n):
        return torch.randn(n, self.latent)

    def slope(self, x, create_graph=False):
        """norm of dD/dx at every row of x"""
        x = x.detach().requires_grad_(True)
        out = self.D(x)
        grad, = autograd.grad(out.sum(), x, create_graph=create_graph)
        return grad.norm(2, dim=1)

    def critic_step(self, n):
        x, fake = real(n), self.G(self.noise(n)).detach()
        mix = torch.rand(n, 1)
        gp = ((self.slope(mix * x + (1 - mix) * fake) - 1) ** 2).mean()
        w = self.D(x).mean() - self.D(fake).mean()
        self.optD.zero_grad()
        (-w + args.gp_weight * gp).backward()
        self.optD.step()
        return w.item(), gp.item()

    def generator_step(self, n):
        self.optG.zero_grad()
        (-self.D(self.G(self.noise(n))).mean()).backward()
        self.optG.step()


gan = WGANGP()
for it in range(1, args.iterations + 1):
    for _ in range(args.critic_steps):
        w, gp = gan.critic_step(64)
    gan.generator_step(64)
    if it % 50 == 0:
        print(f"it {it}: wasserstein {w:.3f}  penalty {gp:.3f}  slope at data {gan.slope(real(256)).mean().item():.2f}")
