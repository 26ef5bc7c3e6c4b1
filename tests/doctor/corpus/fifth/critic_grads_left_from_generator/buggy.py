import torch
import torch.nn as nn
import torch.nn.functional as F


class GAN:
    """Gewöhnliches GAN auf Punkten einer schrägen Punktwolke."""

    def __init__(self, latent=6, width=64):
        self.latent = latent
        self.gen = nn.Sequential(nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))
        self.dis = nn.Sequential(nn.Linear(2, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))
        self.opt_gen = torch.optim.Adam(self.gen.parameters(), lr=1e-3, betas=(0.5, 0.999))
        self.opt_dis = torch.optim.Adam(self.dis.parameters(), lr=1e-3, betas=(0.5, 0.999))

    def sample(self, n):
        return self.gen(torch.randn(n, self.latent))

    @staticmethod
    def real_fake(logit, is_real):
        return F.binary_cross_entropy_with_logits(logit, torch.full_like(logit, float(is_real)))

    def step(self, real):
        # Generator
        self.opt_gen.zero_grad()
        self.opt_dis.zero_grad()
        fake = self.sample(len(real))
        loss_g = self.real_fake(self.dis(fake), True)
        loss_g.backward()
        self.opt_gen.step()

        # Diskriminator
        loss_d = self.real_fake(self.dis(real), True) + self.real_fake(self.dis(fake.detach()), False)
        loss_d.backward()
        self.opt_dis.step()
        return loss_g.item(), loss_d.item()


MITTE = torch.tensor([2.0, -1.0])
FORM = torch.tensor([[1.0, 0.6], [0.0, 0.5]])


def wolke(n):
    return torch.randn(n, 2) @ FORM + MITTE


torch.manual_seed(55)
gan = GAN()
for it in range(500):
    losses = gan.step(wolke(64))
    if it % 100 == 99:
        with torch.no_grad():
            pts = gan.sample(512)
        abstand = (pts.mean(0) - MITTE).norm()
        print("%4d  G %.3f  D %.3f  Abstand der Mittelpunkte %.2f" % (it + 1, *losses, abstand))
