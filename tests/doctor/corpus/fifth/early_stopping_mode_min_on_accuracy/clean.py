import copy
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class EarlyStopping:
    patience: int = 5
    mode: str = "min"
    best: Optional[float] = None
    weights: Dict[str, Any] = field(default_factory=dict)
    waited: int = 0

    def step(self, value: float, model: nn.Module) -> bool:
        if self.best is None:
            better = True
        elif self.mode == "min":
            better = value < self.best
        else:
            better = value > self.best
        if better:
            self.best, self.waited = value, 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience


@dataclass
class Config:
    hidden: int = 48
    lr: float = 5e-3
    epochs: int = 40
    batch: int = 50
    seed: int = 7


def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    centers = torch.randn(5, 10) * 1.2
    y = torch.randint(0, 5, (1500,))
    x = centers[y] + torch.randn(1500, 10)
    xtr, xva, xte = x.split([900, 300, 300])
    ytr, yva, yte = y.split([900, 300, 300])

    model = nn.Sequential(nn.Linear(10, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, 5))
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=0.9)
    stopper = EarlyStopping(patience=6, mode="max")
    for epoch in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(xtr)).split(cfg.batch):
            optimizer.zero_grad()
            F.cross_entropy(model(xtr[idx]), ytr[idx]).backward()
            optimizer.step()
        if stopper.step(accuracy(model, xva, yva), model):
            break
    model.load_state_dict(stopper.weights)
    print(f"stopped after {epoch + 1} epochs, test accuracy {accuracy(model, xte, yte):.3f}")


main(Config())
