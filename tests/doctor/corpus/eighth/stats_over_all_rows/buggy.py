from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    n: int = 400
    n_train: int = 80
    lr: float = 1e-2
    epochs: int = 15
    batch_size: int = 16


class Standardizer:
    def fit(self, t: torch.Tensor) -> "Standardizer":
        self.std, self.mean = torch.std_mean(t, dim=0)
        return self

    def __call__(self, t: torch.Tensor) -> torch.Tensor:
        return (t - self.mean) / self.std.clamp_min(1e-6)


def sensor_table(n: int, g: torch.Generator):
    base = torch.randn(n, 6, generator=g)
    x = base * torch.tensor([1.0, 30.0, 0.1, 5.0, 200.0, 2.0]) + torch.tensor([0.0, 90.0, 1.0, -4.0, 1000.0, 7.0])
    y = base[:, 0] - 0.5 * base[:, 1] + base[:, 4] * base[:, 5] * 0.3
    return x, y


def prepare(cfg: Config, g: torch.Generator):
    x, y = sensor_table(cfg.n, g)
    order = torch.randperm(cfg.n, generator=g)
    tr, va = order[: cfg.n_train], order[cfg.n_train:]
    scale = Standardizer().fit(x)
    train = TensorDataset(scale(x[tr]), y[tr])
    valid = TensorDataset(scale(x[va]), y[va])
    return train, valid


def mse_on(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    total = 0.0
    with torch.inference_mode():
        for xb, yb in loader:
            total += nn.functional.mse_loss(model(xb).squeeze(1), yb, reduction="sum").item()
    return total / len(loader.dataset)


def main(cfg: Config) -> None:
    g = torch.Generator().manual_seed(11)
    torch.manual_seed(11)
    train, valid = prepare(cfg, g)
    train_loader = DataLoader(train, cfg.batch_size, shuffle=True)
    valid_loader = DataLoader(valid, 128)
    model = nn.Sequential(nn.Linear(6, 32), nn.SiLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for xb, yb in train_loader:
            opt.zero_grad()
            nn.functional.mse_loss(model(xb).squeeze(1), yb).backward()
            opt.step()
    print(f"train {mse_on(model, DataLoader(train, 128)):.4f}  valid {mse_on(model, valid_loader):.4f}")


if __name__ == "__main__":
    main(Config())
