from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class OptimConfig:
    name: str = "SGD"
    kwargs: dict = field(default_factory=lambda: {"lr": 1e-6})


@dataclass
class Config:
    hidden: int = 32
    epochs: int = 6
    optim: OptimConfig = field(default_factory=OptimConfig)


def build_optimizer(cfg: OptimConfig, model: nn.Module) -> torch.optim.Optimizer:
    return getattr(torch.optim, cfg.name)(model.parameters(), **cfg.kwargs)


def main(cfg: Config) -> None:
    torch.manual_seed(3)
    x = torch.randn(500, 6)
    y = (x[:, 0] + x[:, 1] > 0).long()
    model = nn.Sequential(nn.Linear(6, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, 2))
    opt = build_optimizer(cfg.optim, model)
    for epoch in range(cfg.epochs):
        model.train()
        for i in torch.randperm(400).split(25):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x[i]), y[i])
            loss.backward()
            opt.step()
        print(epoch, loss.item())


main(Config())
