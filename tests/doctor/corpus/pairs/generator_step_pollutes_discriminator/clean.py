import torch
from torch import nn


class Gan:
    def __init__(self, z=3):
        self.z = z
        self.gen = nn.Sequential(nn.Linear(z, 24), nn.Tanh(), nn.Linear(24, 1))
        self.disc = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 1))
        self.og = torch.optim.RMSprop(self.gen.parameters(), lr=1e-3)
        self.od = torch.optim.RMSprop(self.disc.parameters(), lr=1e-3)

    def critic_step(self, real):
        with torch.no_grad():
            fake = self.gen(torch.randn(len(real), self.z))
        loss = self.disc(fake).mean() - self.disc(real).mean()
        self.od.zero_grad()
        loss.backward()
        self.od.step()
        with torch.no_grad():
            for p in self.disc.parameters():
                p.clamp_(-0.1, 0.1)
        return loss.item()

    def generator_step(self, n):
        loss = -self.disc(self.gen(torch.randn(n, self.z))).mean()
        self.og.zero_grad()
        loss.backward()
        self.og.step()
        return loss.item()


torch.manual_seed(4)
gan = Gan()
for it in range(60):
    for _ in range(3):
        c = gan.critic_step(2.0 + 0.5 * torch.randn(64, 1))
    g = gan.generator_step(64)
    if it % 20 == 0:
        print(it, round(c, 4), round(g, 4))
