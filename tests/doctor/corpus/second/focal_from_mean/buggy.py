from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    n: int = 1500
    rare: float = 0.08
    gamma: float = 2.0
    alpha: float = 0.75
    epochs: int = 8
    lr: float = 3e-3
    seed: int = 11


class FocalLoss(nn.Module):
    def __init__(self, gamma: float, alpha: float):
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weight", torch.tensor([1.0 - alpha, alpha]))

    def forward(self, logits, target):
        ce = F.cross_entropy(logits, target)
        pt = torch.exp(-ce)
        return (self.weight[target] * (1.0 - pt) ** self.gamma * ce).mean()


def make_data(cfg, generator):
    y = (torch.rand(cfg.n, generator=generator) < cfg.rare).long()
    x = torch.randn(cfg.n, 6, generator=generator)
    x[:, 0] += 1.6 * y
    x[:, 1] -= 1.2 * y
    cut = int(0.8 * cfg.n)
    return TensorDataset(x[:cut], y[:cut]), TensorDataset(x[cut:], y[cut:])


@torch.no_grad()
def recall_of_rare(model, dataset):
    model.eval()
    x, y = dataset.tensors
    hit = model(x).argmax(1)[y == 1]
    model.train()
    return hit.float().mean().item()


def main(cfg: Config):
    torch.manual_seed(cfg.seed)
    train, test = make_data(cfg, torch.Generator().manual_seed(cfg.seed))
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 2))
    criterion = FocalLoss(cfg.gamma, cfg.alpha)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        total = 0.0
        for xb, yb in DataLoader(train, batch_size=64, shuffle=True):
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(xb)
        print(f"epoch {epoch} loss {total / len(train):.4f} recall {recall_of_rare(model, test):.3f}")


if __name__ == "__main__":
    main(Config())
