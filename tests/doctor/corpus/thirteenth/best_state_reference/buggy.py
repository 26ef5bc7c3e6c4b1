from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class Config:
    epochs: int = 40
    patience: int = 8
    lr: float = 1e-2
    hidden: int = 64
    history: list = field(default_factory=list)


class BaseNNModel:
    def __init__(self, cfg):
        self.cfg = cfg
        self.model = nn.Sequential(nn.Linear(6, cfg.hidden), nn.ReLU(), nn.Linear(cfg.hidden, 1))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.best_loss = float("inf")
        self.best_model_dict = deepcopy(self.model.state_dict())

    @torch.no_grad()
    def evaluate(self, data):
        self.model.eval()
        x, y = data
        return nn.functional.mse_loss(self.model(x), y).item()

    def fit(self, train, val):
        x, y = train
        patience = self.cfg.patience
        for epoch in range(self.cfg.epochs):
            self.model.train()
            for idx in torch.randperm(len(x)).split(16):
                self.optimizer.zero_grad()
                nn.functional.mse_loss(self.model(x[idx]), y[idx]).backward()
                self.optimizer.step()
            val_loss = self.evaluate(val)
            self.cfg.history.append(val_loss)
            if val_loss < self.best_loss:
                self.best_loss = val_loss
                self.best_model_dict = self.model.state_dict()
                patience = self.cfg.patience
            else:
                patience -= 1
                if patience == 0:
                    print("early stop at", epoch)
                    break
        self.model.load_state_dict(self.best_model_dict)


torch.manual_seed(5)
x = torch.randn(300, 6)
y = x[:, :1] * x[:, 1:2] + 0.6 * torch.randn(300, 1)
m = BaseNNModel(Config())
m.fit((x[:100], y[:100]), (x[100:200], y[100:200]))
print("best val", m.best_loss, "val of restored model", m.evaluate((x[100:200], y[100:200])))
print("test mse", m.evaluate((x[200:], y[200:])))
