import torch
import torch.nn as nn


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, x):
        return self.net(x).squeeze(1)


def penalty(critic, real, fake):
    a = torch.rand(len(real), 1)
    mix = (a * real + (1 - a) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(mix).sum(), mix)
    return (slope.norm(dim=1) - 1).pow(2).mean(), slope.detach().norm(dim=1).mean().item()


def real_batch(n):
    a = torch.rand(n) * 6.2832
    return torch.stack([2 * a.cos(), 2 * a.sin()], 1) + 0.05 * torch.randn(n, 2)


torch.manual_seed(54)
gen = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
critic = Critic()
opt_g = torch.optim.Adam(gen.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))
for it in range(120):
    for _ in range(3):
        real = real_batch(64)
        fake = gen(torch.randn(64, 4)).detach()
        gp, slope = penalty(critic, real, fake)
        loss_c = critic(fake).mean() - critic(real).mean() + 10.0 * gp
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()
    loss_g = -critic(gen(torch.randn(64, 4))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if it % 40 == 39:
        print(it + 1, f"slope {slope:.3f}")
with torch.no_grad():
    r = gen(torch.randn(500, 4)).norm(dim=1)
print(f"mean radius {r.mean():.3f} (target 2)")
