import torch
import torch.nn as nn


def gradient_penalty(critic, real, fake):
    eps = torch.rand(real.size(0), 1)
    mix = (eps * real + (1 - eps) * fake).requires_grad_(True)
    score = critic(mix)
    grad, = torch.autograd.grad(score.sum(), mix)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


class Generator(nn.Module):
    def __init__(self, nz):
        super().__init__()
        self.nz = nz
        self.net = nn.Sequential(nn.Linear(nz, 48), nn.ReLU(), nn.Linear(48, 2))

    def forward(self, n):
        return self.net(torch.randn(n, self.nz))


def ring(n):
    a = torch.rand(n) * 6.2832
    return torch.stack([a.cos(), a.sin()], 1) * 2 + 0.05 * torch.randn(n, 2)


def train(iters=150, n_critic=3, lam=10.0):
    critic, gen = Critic(), Generator(4)
    opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))
    opt_g = torch.optim.Adam(gen.parameters(), lr=1e-3, betas=(0.0, 0.9))
    for it in range(iters):
        for _ in range(n_critic):
            real = ring(64)
            with torch.no_grad():
                fake = gen(64)
            wdist = critic(real).mean() - critic(fake).mean()
            gp = gradient_penalty(critic, real, fake)
            opt_c.zero_grad()
            (lam * gp - wdist).backward()
            opt_c.step()
        opt_g.zero_grad()
        (-critic(gen(64)).mean()).backward()
        opt_g.step()
        if it % 30 == 0:
            print(f"{it:4d} wasserstein {wdist.item():8.3f} penalty {gp.item():8.3f}")
    return wdist.item(), gp.item()


torch.manual_seed(0)
print("final wasserstein %.3f penalty %.3f" % train())
