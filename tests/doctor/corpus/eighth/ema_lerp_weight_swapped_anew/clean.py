from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn


class ModelEma:
    """Exponential moving average of a model; float tensors are averaged, counters copied."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        source = model.state_dict()
        for name, slot in self.module.state_dict().items():
            if slot.dtype.is_floating_point:
                slot.lerp_(source[name], 1.0 - self.decay)
            else:
                slot.copy_(source[name])


@dataclass
class Setup:
    lr: float = 0.1
    momentum: float = 0.9
    ema_decay: float = 0.98
    batch_size: int = 16
    epochs: int = 8
    seed: int = 42


def network(n_features: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(n_features, 32, bias=False),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(32, 1),
        nn.Flatten(0),
    )


def load(seed: int) -> tuple[torch.Tensor, ...]:
    data = load_breast_cancer()
    parts = train_test_split(data.data, data.target, test_size=0.3, random_state=seed, stratify=data.target)
    x_train, x_val, y_train, y_val = parts
    scaler = StandardScaler().fit(x_train)
    arrays = scaler.transform(x_train), scaler.transform(x_val), y_train, y_val
    return tuple(torch.from_numpy(a.astype(np.float32)) for a in arrays)


def log_loss(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return nn.functional.binary_cross_entropy_with_logits(model(x), y).item()


def main(s: Setup) -> None:
    torch.manual_seed(s.seed)
    x_train, x_val, y_train, y_val = load(s.seed)
    model = network(x_train.size(1))
    ema = ModelEma(model, decay=s.ema_decay)
    optimizer = torch.optim.SGD(model.parameters(), lr=s.lr, momentum=s.momentum)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(s.epochs):
        model.train()
        for idx in torch.randperm(len(x_train)).split(s.batch_size):
            optimizer.zero_grad()
            criterion(model(x_train[idx]), y_train[idx]).backward()
            optimizer.step()
            ema.update(model)
        print(f"{epoch} raw {log_loss(model, x_val, y_val):.4f} averaged {log_loss(ema.module, x_val, y_val):.4f}")


if __name__ == "__main__":
    main(Setup())
