import copy
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Snapshot:
    epoch: int
    loss: float
    weights: dict


class Trainer:
    def __init__(self, model: nn.Module, lr: float, patience: int):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.patience = patience
        self.best = None

    def _fit_epoch(self, x, y):
        self.model.train()
        for idx in torch.randperm(len(x)).split(16):
            self.opt.zero_grad()
            nn.functional.mse_loss(self.model(x[idx]), y[idx]).backward()
            self.opt.step()

    @torch.no_grad()
    def loss(self, x, y):
        self.model.eval()
        return nn.functional.mse_loss(self.model(x), y).item()

    def fit(self, train, val, epochs):
        for epoch in range(epochs):
            self._fit_epoch(*train)
            value = self.loss(*val)
            if self.best is None or value < self.best.loss:
                weights = copy.copy(self.model.state_dict())
                self.best = Snapshot(epoch, value, weights)
            elif epoch - self.best.epoch >= self.patience:
                break
        self.model.load_state_dict(self.best.weights)
        return self.best


torch.manual_seed(63)
x = torch.randn(1000, 15)
y = x[:, :1] * x[:, 1:2] + 0.7 * torch.randn(1000, 1)
train, val, test = (x[:100], y[:100]), (x[100:400], y[100:400]), (x[400:], y[400:])
model = nn.Sequential(nn.Linear(15, 128), nn.ReLU(), nn.Linear(128, 1))
trainer = Trainer(model, lr=3e-3, patience=25)
best = trainer.fit(train, val, 80)
print(f"best epoch {best.epoch} val {best.loss:.4f} restored val {trainer.loss(*val):.4f} test {trainer.loss(*test):.4f}")
