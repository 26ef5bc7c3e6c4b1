import torch
import torch.nn as nn
import torch.nn.functional as F


class Generator(nn.Module):
    """Smooth envelope in, textured signal out."""

    def __init__(self, width=24):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(2, width, 7, padding=3), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 7, padding=3), nn.LeakyReLU(0.2),
            nn.Conv1d(width, 1, 7, padding=3),
        )

    def forward(self, cond):
        noise = torch.randn_like(cond)
        return self.net(torch.cat([cond, noise], dim=1))


class Discriminator(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(2, width, 7, stride=2, padding=3), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, 1, 3, padding=1),
        )

    def forward(self, signal, cond):
        return self.net(torch.cat([signal, cond], dim=1))


def pairs(n, length=48):
    t = torch.linspace(0, 1, length)
    height, rate = torch.rand(n, 1) + 0.5, 4 * torch.rand(n, 1) + 1
    env = height * torch.exp(-rate * t)
    return env.unsqueeze(1), (env * torch.randn(n, length)).unsqueeze(1)


def lag_one(s):
    return (s[..., 1:] * s[..., :-1]).mean().item() / s.pow(2).mean().item()


class GANTrainer:
    def __init__(self, l1_weight=1.0, lr=1e-3):
        self.g, self.d = Generator(), Discriminator()
        self.opt_g = torch.optim.Adam(self.g.parameters(), lr=lr, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.d.parameters(), lr=lr, betas=(0.5, 0.999))
        self.l1_weight = l1_weight

    def step_d(self, cond, real, fake):
        on_real, on_fake = self.d(real, cond), self.d(fake.detach(), cond)
        loss = 0.5 * (F.mse_loss(on_real, torch.ones_like(on_real)) + F.mse_loss(on_fake, torch.zeros_like(on_fake)))
        self.opt_d.zero_grad()
        loss.backward()
        self.opt_d.step()
        return loss.item()

    def step_g(self, cond, real, fake):
        judged = self.d(fake.detach(), cond)
        adversarial = F.mse_loss(judged, torch.ones_like(judged))
        smooth = F.l1_loss(F.avg_pool1d(fake.abs(), 8), F.avg_pool1d(real.abs(), 8))
        loss = adversarial + self.l1_weight * smooth
        self.opt_g.zero_grad()
        loss.backward()
        self.opt_g.step()
        return loss.item()

    def train_step(self, cond, real):
        self.g.train()
        self.d.train()
        fake = self.g(cond)
        return self.step_d(cond, real, fake), self.step_g(cond, real, fake)

    @torch.no_grad()
    def report(self, cond, real):
        self.g.eval()
        fake = self.g(cond)
        return fake.std().item() / real.std().item(), lag_one(fake), lag_one(real)


if __name__ == "__main__":
    torch.manual_seed(50)
    val_cond, val_real = pairs(200)
    trainer = GANTrainer()
    for it in range(1, 241):
        cond, real = pairs(32)
        d_loss, g_loss = trainer.train_step(cond, real)
        if it % 60 == 0:
            spread, lag_fake, lag_real = trainer.report(val_cond, val_real)
            print(f"{it}: D {d_loss:.3f} G {g_loss:.3f} spread ratio {spread:.3f} lag-1 {lag_fake:.3f} (real {lag_real:.3f})")
