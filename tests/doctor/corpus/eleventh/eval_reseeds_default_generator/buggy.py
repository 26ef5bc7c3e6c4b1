from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class TrainConfig:
    n: int = 512
    dim: int = 16
    batch: int = 64
    epochs: int = 25
    lr: float = 2e-3
    sigma: float = 0.5
    eval_seed: int = 1234


class Denoiser(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, dim))

    def forward(self, x):
        return x + self.net(x)


@torch.no_grad()
def evaluate(model, clean, cfg):
    """Same noise at every call, so that epochs can be compared."""
    model.eval()
    gen = torch.manual_seed(cfg.eval_seed)
    noise = cfg.sigma * torch.randn(clean.shape, generator=gen)
    return (model(clean + noise) - clean).pow(2).mean().item()


def main(cfg):
    torch.manual_seed(0)
    basis = torch.randn(3, cfg.dim)
    data = torch.randn(cfg.n + 256, 3) @ basis / 3 ** 0.5
    train, val = data[:cfg.n], data[cfg.n:]
    model = Denoiser(cfg.dim)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        running = 0.0
        for idx in torch.randperm(cfg.n).split(cfg.batch):
            x = train[idx]
            noisy = x + cfg.sigma * torch.randn_like(x)
            loss = (model(noisy) - x).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(idx)
        print(f"{epoch:2d} train {running / cfg.n:.4f} val {evaluate(model, val, cfg):.4f}")


main(TrainConfig())
