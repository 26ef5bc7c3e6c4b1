"""Non-saturating GAN on a ring of Gaussians: spectral-norm D, one-sided label smoothing, fake-detach in the D step."""
import argparse
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm


@dataclass
class Config:
    modes: int = 8
    std: float = 0.05
    z: int = 8
    batch: int = 128
    steps: int = 150
    lr_g: float = 1e-3
    lr_d: float = 2e-3
    smooth: float = 0.9
    seed: int = 0


def ring(n, cfg, gen):
    k = torch.randint(cfg.modes, (n,), generator=gen).float() * (2 * math.pi / cfg.modes)
    centres = torch.stack([k.cos(), k.sin()], dim=1)
    return centres + cfg.std * torch.randn(n, 2, generator=gen)


class Generator(nn.Sequential):
    def __init__(self, z):
        super().__init__(
            nn.Linear(z, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 2),
        )


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            spectral_norm(nn.Linear(2, 64)), nn.LeakyReLU(0.2),
            spectral_norm(nn.Linear(64, 64)), nn.LeakyReLU(0.2),
        )
        self.head = spectral_norm(nn.Linear(64, 1))

    def forward(self, x):
        return self.head(self.body(x)).squeeze(1)


def d_step(G, D, opt, real, z, smooth):
    fake = G(z).detach()  # the generator still updates its BatchNorm statistics here, which is harmless
    opt.zero_grad()
    score_r, score_f = D(real), D(fake)
    # one-sided smoothing: real -> 0.9, fake stays at 0
    loss_r = F.binary_cross_entropy_with_logits(score_r, torch.full_like(score_r, smooth))
    loss_f = F.binary_cross_entropy_with_logits(score_f, torch.zeros_like(score_f))
    loss_r.backward()
    loss_f.backward()  # two backwards on purpose: gradients of both halves add up
    opt.step()
    return loss_r.item() + loss_f.item()


def g_step(G, D, opt, z):
    opt.zero_grad()
    score = D(G(z))
    # non-saturating: fakes are labelled as real
    loss = F.binary_cross_entropy_with_logits(score, torch.ones_like(score))
    loss.backward()  # also leaves gradients in D; d_step clears them before it uses its own
    opt.step()
    return loss.item()


@torch.no_grad()
def quality(G, cfg, gen, n=1000):
    G.eval()
    x = G(torch.randn(n, cfg.z, generator=gen))
    G.train()
    ang = torch.arange(cfg.modes) * (2 * math.pi / cfg.modes)
    centres = torch.stack([ang.cos(), ang.sin()], 1)
    dist, mode = torch.cdist(x, centres).min(1)
    good = dist < 5 * cfg.std
    return {"hit_rate": good.float().mean().item(), "modes": mode[good].unique().numel()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=Config.steps)
    cfg = Config(steps=p.parse_args().steps)
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed + 1)
    eval_gen = torch.Generator().manual_seed(cfg.seed + 2)
    G, D = Generator(cfg.z), Discriminator()
    opt_g = torch.optim.Adam(G.parameters(), lr=cfg.lr_g, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(D.parameters(), lr=cfg.lr_d, betas=(0.5, 0.999))
    for step in range(1, cfg.steps + 1):
        real = ring(cfg.batch, cfg, gen)
        ld = d_step(G, D, opt_d, real, torch.randn(cfg.batch, cfg.z, generator=gen), cfg.smooth)
        lg = g_step(G, D, opt_g, torch.randn(cfg.batch, cfg.z, generator=gen))
        if step % 75 == 0:
            print(f"step {step} D {ld:.3f} G {lg:.3f} {quality(G, cfg, eval_gen)}")


if __name__ == "__main__":
    main()
