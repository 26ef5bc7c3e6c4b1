"""ESPCN: x2 super-resolution with sub-pixel convolution, scored by PSNR against bilinear upsampling."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    scale: int = 2
    patch: int = 24
    n_train: int = 160
    n_val: int = 40
    batch: int = 16
    epochs: int = 6
    lr: float = 2e-3
    seed: int = 123


def textures(n: int, size: int, gen: torch.Generator) -> Tensor:
    """Sum of oriented gratings and a soft-edged half plane, values in [0, 1]."""
    yy, xx = torch.meshgrid(torch.linspace(0, 1, size), torch.linspace(0, 1, size), indexing="ij")
    img = torch.zeros(n, size, size)
    for _ in range(3):
        f, th, ph = torch.rand(3, n, 1, 1, generator=gen).unbind(0)
        img += torch.sin(2 * math.pi * (2 + 5 * f) * (xx * torch.cos(th * math.pi) + yy * torch.sin(th * math.pi)) + 6.28 * ph)
    th, off = torch.rand(2, n, 1, 1, generator=gen).unbind(0)
    edge = (xx - 0.5) * torch.cos(6.28 * th) + (yy - 0.5) * torch.sin(6.28 * th) + 0.3 * (off - 0.5)
    img = img / 3 + 1.5 * torch.tanh(edge * 60)
    return ((img + 2.5) / 5).clamp(0, 1).unsqueeze(1)


def degrade(hr: Tensor, scale: int) -> Tensor:
    return F.interpolate(hr, scale_factor=1 / scale, mode="bilinear", antialias=True, align_corners=False)


class ESPCN(nn.Module):
    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.c1 = nn.Conv2d(1, 24, 5, padding=2)
        self.c2 = nn.Conv2d(24, 16, 3, padding=1)
        self.c3 = nn.Conv2d(16, scale ** 2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)
        for m in (self.c1, self.c2):
            nn.init.orthogonal_(m.weight, nn.init.calculate_gain("relu"))
        nn.init.zeros_(self.c3.weight)  # start exactly at the bilinear baseline
        nn.init.zeros_(self.c3.bias)

    def forward(self, x: Tensor) -> Tensor:
        up = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        h = F.relu(self.c2(F.relu(self.c1(x))))
        return up + self.shuffle(self.c3(h))


def psnr(pred: Tensor, target: Tensor) -> Tensor:
    mse = (pred.clamp(0, 1) - target).pow(2).mean(dim=(1, 2, 3))
    return 10 * torch.log10(1 / mse)


def main(cfg: Config = Config()) -> None:
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    hr = textures(cfg.n_train + cfg.n_val, cfg.patch, gen)
    lr_img = degrade(hr, cfg.scale)
    hr_tr, hr_va = hr.split([cfg.n_train, cfg.n_val])
    lr_tr, lr_va = lr_img.split([cfg.n_train, cfg.n_val])

    net = ESPCN(cfg.scale)
    optim = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.MultiStepLR(optim, milestones=[4], gamma=0.3)
    baseline = psnr(F.interpolate(lr_va, scale_factor=cfg.scale, mode="bilinear", align_corners=False), hr_va).mean()
    print(f"bilinear {baseline:.2f} dB")

    for epoch in range(cfg.epochs):
        net.train()
        for idx in torch.randperm(cfg.n_train).split(cfg.batch):
            x, y = lr_tr[idx], hr_tr[idx]
            if torch.rand(()) < 0.5:  # flip input and target together
                x, y = x.flip(-1), y.flip(-1)
            optim.zero_grad()
            F.l1_loss(net(x), y).backward()
            optim.step()
        sched.step()
        net.eval()
        with torch.inference_mode():
            score = psnr(net(lr_va), hr_va).mean().item()
        print(f"epoch {epoch} psnr {score:.2f} dB")


if __name__ == "__main__":
    main()
