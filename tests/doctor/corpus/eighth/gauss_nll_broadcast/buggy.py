"""Heteroscedastic regression: predict a mean and a log variance for each house price."""
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


@dataclass(frozen=True)
class Config:
    n_train: int = 800
    n_val: int = 200
    n_features: int = 5
    hidden: int = 48
    batch_size: int = 50
    lr: float = 3e-3
    epochs: int = 15
    seed: int = 11


class Houses(Dataset):
    def __init__(self, n: int, n_features: int, generator: torch.Generator) -> None:
        self.x = torch.randn(n, n_features, generator=generator)
        noise = 0.1 + 0.4 * torch.sigmoid(self.x[:, 1])
        self.price = (
            self.x[:, 0]
            + 0.5 * self.x[:, 2] * self.x[:, 3]
            + noise * torch.randn(n, generator=generator)
        )

    def __len__(self) -> int:
        return self.x.size(0)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.x[i], self.price[i]


class MeanVariance(nn.Module):
    def __init__(self, n_in: int, hidden: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.mean = nn.Linear(hidden, 1)
        self.log_var = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.trunk(x)
        return self.mean(h), self.log_var(h)


def nll(mean: Tensor, log_var: Tensor, target: Tensor) -> Tensor:
    per_sample = 0.5 * (log_var + (target - mean).pow(2) * torch.exp(-log_var))
    return per_sample.mean() + 0.5 * math.log(2 * math.pi)


def run_epoch(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> None:
    model.train()
    for x, price in loader:
        optimizer.zero_grad()
        loss = nll(*model(x), price)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def validate(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    total = 0.0
    for x, price in loader:
        total += nll(*model(x), price).item() * len(x)
    return total / len(loader.dataset)


def main(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    g = torch.Generator().manual_seed(cfg.seed)
    train = DataLoader(Houses(cfg.n_train, cfg.n_features, g), cfg.batch_size, shuffle=True)
    val = DataLoader(Houses(cfg.n_val, cfg.n_features, g), cfg.batch_size)
    model = MeanVariance(cfg.n_features, cfg.hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        run_epoch(model, train, optimizer)
        print(f"epoch {epoch:2d}  val nll {validate(model, val):.3f}")


if __name__ == "__main__":
    main(Config())
