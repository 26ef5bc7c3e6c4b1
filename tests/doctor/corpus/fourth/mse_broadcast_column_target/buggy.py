from dataclasses import dataclass

import numpy as np
import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, Dataset


@dataclass
class Config:
    features: tuple = ("area", "rooms", "age", "distance")
    target: str = "price"
    hidden: int = 48
    batch_size: int = 64
    epochs: int = 15
    lr: float = 5e-3
    seed: int = 5


def synthetic_houses(n: int, seed: int) -> dict:
    r = np.random.default_rng(seed)
    t = {
        "area": r.uniform(30, 200, n),
        "rooms": r.integers(1, 7, n).astype(float),
        "age": r.uniform(0, 80, n),
        "distance": r.exponential(6.0, n),
    }
    t["price"] = (2.1 * t["area"] + 14 * t["rooms"] - 0.8 * t["age"]
                  - 6 * np.sqrt(t["distance"]) + r.normal(0, 12, n))
    return t


def rows(table: dict, part: slice) -> dict:
    return {name: column[part] for name, column in table.items()}


class HouseDataset(Dataset):
    """Rows of a table as (features, target), standardised with the given statistics."""

    def __init__(self, table: dict, cfg: Config, stats: dict):
        z = {name: (column - stats[name][0]) / stats[name][1] for name, column in table.items()}
        x = np.stack([z[name] for name in cfg.features], axis=1)
        y = z[cfg.target]
        self.x = torch.tensor(x, dtype=torch.float32)
        self.y = torch.tensor(y, dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int):
        return self.x[i], self.y[i]


def statistics(table: dict) -> dict:
    return {name: (column.mean(), column.std()) for name, column in table.items()}


class Regressor(nn.Module):
    def __init__(self, n_in: int, hidden: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).pow(2).mean()


def run(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    table = synthetic_houses(1500, cfg.seed)
    train_rows, valid_rows = rows(table, slice(0, 1200)), rows(table, slice(1200, None))
    stats = statistics(train_rows)
    train = DataLoader(HouseDataset(train_rows, cfg, stats), cfg.batch_size, shuffle=True)
    valid = HouseDataset(valid_rows, cfg, stats)

    model = Regressor(len(cfg.features), cfg.hidden)
    optim = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for x, y in train:
            loss = squared_error(model(x), y)
            optim.zero_grad(set_to_none=True)
            loss.backward()
            optim.step()

    model.eval()
    with torch.no_grad():
        prediction = model(valid.x).flatten()
    mae = (prediction - valid.y.flatten()).abs().mean() * stats[cfg.target][1]
    print(f"validation MAE: {mae.item():.2f} (std of the target {stats[cfg.target][1]:.2f})")


if __name__ == "__main__":
    run(Config())
