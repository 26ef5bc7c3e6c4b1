import torch
import torch.nn as nn


class GAN:
    def __init__(self, z_dim=4, lr=1e-3):
        self.z_dim = z_dim
        self.G = nn.Sequential(nn.Linear(z_dim, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 2))
        self.D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        self.opt_g = torch.optim.Adam(self.G.parameters(), lr=lr, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=lr, betas=(0.5, 0.999))
        self.bce = nn.BCEWithLogitsLoss()

    def sample(self, n):
        return self.G(torch.randn(n, self.z_dim))

    def step_d(self, real, fake):
        one, zero = torch.ones(len(real), 1), torch.zeros(len(fake), 1)
        loss = self.bce(self.D(real), one) + self.bce(self.D(fake.detach()), zero)
        self.opt_d.zero_grad()
        loss.backward()
        self.opt_d.step()
        return loss.item()

    def step_g(self, fake):
        loss = self.bce(self.D(fake), torch.ones(len(fake), 1))
        self.opt_g.zero_grad()
        loss.backward()
        self.opt_g.step()
        return loss.item()

    def train_step(self, real):
        fake = self.sample(len(real))
        d = self.step_d(real, fake)
        g = self.step_g(fake)
        return d, g


def two_moons_like(n):
    angle = torch.rand(n) * 3.1416
    return torch.stack([torch.cos(angle) + 2, torch.sin(angle) - 1], 1) + 0.05 * torch.randn(n, 2)


torch.manual_seed(3)
gan = GAN()
for it in range(500):
    d_loss, g_loss = gan.train_step(two_moons_like(64))
    if it % 100 == 0:
        print(it, f"D {d_loss:.3f} G {g_loss:.3f}")
with torch.no_grad():
    fake = gan.sample(1000)
real = two_moons_like(1000)
print("mean of fakes", [round(v, 2) for v in fake.mean(0).tolist()], "of data", [round(v, 2) for v in real.mean(0).tolist()])
