from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Config:
    height: int = 16
    width: int = 40
    sigma: float = 1.5
    n_train: int = 300
    n_val: int = 60
    epochs: int = 8
    lr: float = 5e-3
    seed: int = 13


def gaussian_map(xy, cfg):
    ys = torch.arange(cfg.height).view(1, -1, 1)
    xs = torch.arange(cfg.width).view(1, 1, -1)
    d2 = (xs - xy[:, 0].view(-1, 1, 1)) ** 2 + (ys - xy[:, 1].view(-1, 1, 1)) ** 2
    return torch.exp(-d2 / (2 * cfg.sigma ** 2))


def make_split(n, cfg):
    x = torch.randint(0, cfg.width, (n,))
    y = torch.randint(0, cfg.height, (n,))
    xy = torch.stack([x, y], 1).float()
    img = 0.2 * torch.randn(n, 1, cfg.height, cfg.width)
    img[torch.arange(n), 0, y, x] += 3.0
    return img, xy


def decode(heatmaps):
    """(N, H, W) -> (N, 2) pixel coordinates (x, y) of the maxima"""
    n, h, w = heatmaps.shape
    idx = heatmaps.reshape(n, -1).argmax(dim=1)
    return torch.stack([idx % w, idx // w], dim=1).float()


def main(cfg):
    torch.manual_seed(cfg.seed)
    x_tr, p_tr = make_split(cfg.n_train, cfg)
    x_va, p_va = make_split(cfg.n_val, cfg)
    t_tr = gaussian_map(p_tr, cfg)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(),
        nn.Conv2d(8, 8, 5, padding=2), nn.ReLU(),
        nn.Conv2d(8, 1, 1), nn.Flatten(1, 2),
    )
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        net.train()
        for idx in torch.randperm(cfg.n_train).split(30):
            loss = ((net(x_tr[idx]) - t_tr[idx]) ** 2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            err = (decode(net(x_va)) - p_va).norm(dim=1)
        print(f"epoch {epoch:2d} | loss {loss.item():.4f} | mean error {err.mean():.2f} px | within 2 px {(err <= 2).float().mean():.2%}")


if __name__ == "__main__":
    main(Config())
