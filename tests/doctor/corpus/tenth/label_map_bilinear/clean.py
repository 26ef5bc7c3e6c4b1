"""Toy land-cover segmentation, 4 classes (water, field, forest, town)."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


@dataclass
class Config:
    n_classes: int = 4
    tile: int = 40
    size: int = 24
    epochs: int = 4
    lr: float = 1e-2
    seed: int = 5


class LandCover(Dataset):
    palette = torch.tensor([[0.1, 0.2, 0.8], [0.8, 0.8, 0.3], [0.1, 0.5, 0.1], [0.6, 0.6, 0.6]])

    def __init__(self, cfg, n, seed):
        self.cfg = cfg
        g = torch.Generator().manual_seed(seed)
        coarse = torch.randint(0, cfg.n_classes, (n, 5, 5), generator=g)
        self.masks = coarse.repeat_interleave(cfg.tile // 5, 1).repeat_interleave(cfg.tile // 5, 2)
        rgb = self.palette[self.masks].permute(0, 3, 1, 2)
        self.images = rgb + 0.1 * torch.randn(rgb.shape, generator=g)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        s = self.cfg.size
        image = F.interpolate(self.images[i][None], size=(s, s), mode="bilinear", align_corners=False)[0]
        mask = self.masks[i][None, None].float()
        mask = F.interpolate(mask, size=(s, s), mode="nearest-exact")[0, 0].long()
        return image, mask


def main(cfg):
    torch.manual_seed(cfg.seed)
    train = DataLoader(LandCover(cfg, 120, seed=1), batch_size=12, shuffle=True)
    val = DataLoader(LandCover(cfg, 30, seed=2), batch_size=30)
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, cfg.n_classes, 1))
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        net.train()
        for image, mask in train:
            opt.zero_grad()
            F.cross_entropy(net(image), mask).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            acc = sum((net(im).argmax(1) == m).float().mean().item() for im, m in val) / len(val)
        print(f"[{epoch}] pixel acc {acc:.3f}")


if __name__ == "__main__":
    main(Config())
