import torch
import torch.nn as nn


class Generator(nn.Module):
    def __init__(self, z_dim=4):
        super().__init__()
        self.z_dim = z_dim
        self.net = nn.Sequential(nn.Linear(z_dim, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, x):
        return self.net(x)


class GANTrainer:
    def __init__(self, lr=1e-3):
        self.G, self.D = Generator(), Discriminator()
        self.opt_G = torch.optim.Adam(self.G.parameters(), lr=lr, betas=(0.5, 0.999))
        self.opt_D = torch.optim.Adam(self.D.parameters(), lr=lr, betas=(0.5, 0.999))
        self.criterion = nn.BCEWithLogitsLoss()

    def d_step(self, real):
        fake = self.G(torch.randn(len(real), self.G.z_dim)).detach()
        real_logit, fake_logit = self.D(real), self.D(fake)
        loss = self.criterion(real_logit, torch.ones_like(real_logit))
        loss = loss + self.criterion(fake_logit, torch.zeros_like(fake_logit))
        self.opt_D.zero_grad()
        loss.backward()
        self.opt_D.step()
        return loss.item()

    def g_step(self, n):
        fake = self.G(torch.randn(n, self.G.z_dim))
        logit = self.D(fake)
        loss = self.criterion(logit, torch.ones_like(logit))
        self.opt_G.zero_grad()
        loss.backward()
        self.opt_G.step()
        return loss.item()


def ring(n):
    angle = torch.rand(n) * 2 * torch.pi
    return torch.stack([2 * angle.cos(), 2 * angle.sin()], dim=1) + 0.05 * torch.randn(n, 2)


torch.manual_seed(0)
trainer = GANTrainer()
for step in range(300):
    d = trainer.d_step(ring(128))
    g = trainer.g_step(128)
    if (step + 1) % 100 == 0:
        print(f"[{step + 1}] D {d:.3f}  G {g:.3f}")
with torch.no_grad():
    radius = trainer.G(torch.randn(500, 4)).norm(dim=1)
print("mean radius of samples (data: 2.0):", radius.mean().item())
