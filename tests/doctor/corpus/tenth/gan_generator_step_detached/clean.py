import torch
import torch.nn as nn


class Generator(nn.Module):
    def __init__(self, latent_dim, hidden=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                                 nn.Linear(hidden, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden),
                                 nn.LeakyReLU(0.2), nn.Linear(hidden, 1))

    def forward(self, x):
        return self.net(x)


class GANTrainer:
    def __init__(self, latent_dim=4, batch_size=128, device="cpu"):
        self.device, self.latent_dim, self.batch_size = device, latent_dim, batch_size
        self.G, self.D = Generator(latent_dim).to(device), Discriminator().to(device)
        self.opt_G = torch.optim.Adam(self.G.parameters(), lr=1e-3, betas=(0.5, 0.999))
        self.opt_D = torch.optim.Adam(self.D.parameters(), lr=1e-3, betas=(0.5, 0.999))
        self.criterion = nn.BCEWithLogitsLoss()
        self.ones = torch.ones(batch_size, 1, device=device)
        self.zeros = torch.zeros(batch_size, 1, device=device)

    def real_batch(self):
        """Correlated Gaussian centred at (2, -1)."""
        e = torch.randn(self.batch_size, 2, device=self.device)
        return torch.stack([2 + 0.5 * e[:, 0], -1 + 0.4 * e[:, 0] + 0.2 * e[:, 1]], dim=1)

    def train_step(self):
        real = self.real_batch()
        fake = self.G(torch.randn(self.batch_size, self.latent_dim, device=self.device))

        # ---- discriminator: real -> 1, fake -> 0
        self.opt_D.zero_grad()
        loss_D = self.criterion(self.D(real), self.ones) + self.criterion(self.D(fake.detach()), self.zeros)
        loss_D.backward()
        self.opt_D.step()

        # ---- generator: wants fake -> 1
        self.opt_G.zero_grad()
        loss_G = self.criterion(self.D(fake), self.ones)
        loss_G.backward()
        self.opt_G.step()
        return loss_D.item(), loss_G.item()

    @torch.no_grad()
    def sample(self, n):
        self.G.eval()
        out = self.G(torch.randn(n, self.latent_dim, device=self.device))
        self.G.train()
        return out


torch.manual_seed(17)
trainer = GANTrainer()
for step in range(1, 401):
    d, g = trainer.train_step()
    if step % 100 == 0:
        print(f"step {step}: loss_D {d:.3f} loss_G {g:.3f} mean of samples {trainer.sample(500).mean(0).tolist()}")
