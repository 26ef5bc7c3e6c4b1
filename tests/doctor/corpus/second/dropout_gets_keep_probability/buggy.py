from dataclasses import dataclass, field
from typing import List

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass
class ModelConfig:
    widths: List[int] = field(default_factory=lambda: [64, 48, 48])
    classes: int = 10
    keep_prob: float = 0.9


@dataclass
class TrainConfig:
    epochs: int = 15
    batch_size: int = 50
    lr: float = 2e-3
    seed: int = 0


def build_model(cfg: ModelConfig) -> nn.Module:
    layers: List[nn.Module] = []
    for a, b in zip(cfg.widths, cfg.widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(cfg.keep_prob)]
    layers.append(nn.Linear(cfg.widths[-1], cfg.classes))
    return nn.Sequential(*layers)


def get_data(seed: int):
    d = load_digits()
    xa, xb, ya, yb = train_test_split(d.data, d.target, test_size=0.3, stratify=d.target, random_state=seed)
    f = lambda v: torch.tensor(v, dtype=torch.float32) / 16.0
    return f(xa), torch.tensor(ya), f(xb), torch.tensor(yb)


def fit(model: nn.Module, x, y, cfg: TrainConfig) -> float:
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for _ in range(cfg.epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(cfg.batch_size):
            opt.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
    return total / len(x)


def accuracy(model: nn.Module, x, y) -> float:
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main() -> None:
    cfg = TrainConfig()
    torch.manual_seed(cfg.seed)
    xa, ya, xb, yb = get_data(cfg.seed)
    model = build_model(ModelConfig())
    print("last training loss", fit(model, xa, ya, cfg))
    print("test accuracy", accuracy(model, xb, yb))


main()
