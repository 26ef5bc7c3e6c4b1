import argparse
from dataclasses import dataclass

import torch
from torch import nn, optim
from torch.nn import functional as F


@dataclass
class Cfg:
    latent: int = 16
    channels: int = 8
    lr_g: float = 2e-4
    lr_d: float = 2e-4
    steps: int = 20
    batch: int = 32
    seed: int = 7


class Generator(nn.Module):
    def __init__(self, cfg: Cfg):
        super().__init__()
        c = cfg.channels
        self.body = nn.Sequential(
            nn.ConvTranspose2d(cfg.latent, c * 2, 4, 1, 0, bias=False),
            nn.BatchNorm2d(c * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(c * 2, 1, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.body(z[:, :, None, None])


class Discriminator(nn.Module):
    def __init__(self, cfg: Cfg):
        super().__init__()
        c = cfg.channels
        self.features = nn.Sequential(nn.Conv2d(1, c, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True))
        self.score = nn.Linear(c * 16, 1)

    def forward(self, x):
        return self.score(self.features(x).flatten(1)).squeeze(1)


def init_dcgan(m):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif isinstance(m, nn.BatchNorm2d):
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


class GanTrainer:
    def __init__(self, cfg):
        self.cfg = cfg
        self.g = Generator(cfg)
        self.d = Discriminator(cfg)
        self.g.apply(init_dcgan)
        self.d.apply(init_dcgan)
        self.og = optim.Adam(self.g.parameters(), lr=cfg.lr_g, betas=(0.5, 0.999))
        self.od = optim.Adam(self.d.parameters(), lr=cfg.lr_d, betas=(0.5, 0.999))

    def noise(self, n):
        return torch.randn(n, self.cfg.latent)

    def step_d(self, real):
        fake = self.g(self.noise(real.shape[0])).detach()
        self.od.zero_grad(set_to_none=True)
        on_real, on_fake = self.d(real), self.d(fake)
        loss = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
        loss.backward()
        self.od.step()
        return loss.item()

    def step_g(self, n):
        self.og.zero_grad(set_to_none=True)
        loss = F.softplus(-self.d(self.g(self.noise(n)))).mean()
        loss.backward()
        self.og.step()
        return loss.item()

    def fit(self, images):
        gen = torch.Generator().manual_seed(self.cfg.seed)
        for step in range(self.cfg.steps):
            index = torch.randint(0, len(images), (self.cfg.batch,), generator=gen)
            d = self.step_d(images[index])
            g = self.step_g(self.cfg.batch)
            if (step + 1) % 5 == 0:
                print(f"step {step + 1}: D {d:.3f} G {g:.3f}")

    @torch.inference_mode()
    def sample(self, n):
        self.g.eval()
        out = self.g(self.noise(n))
        self.g.train()
        return out


def blobs(n):
    axis = torch.arange(8).float()
    cx, cy = torch.rand(n, 1, 1) * 6 + 1, torch.rand(n, 1, 1) * 6 + 1
    img = torch.exp(-((axis[None, None, :] - cx) ** 2 + (axis[None, :, None] - cy) ** 2) / 3)
    return img.unsqueeze(1) * 2 - 1


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=20)
    args = ap.parse_args()
    cfg = Cfg(steps=args.steps)
    torch.manual_seed(cfg.seed)
    trainer = GanTrainer(cfg)
    trainer.fit(blobs(256))
    print(trainer.sample(4).shape)
