import copy
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    dim: int = 20
    hidden: int = 128
    n_train: int = 120
    n_valid: int = 200
    epochs: int = 40
    lr: float = 3e-3
    seed: int = 7
    history: list = field(default_factory=list)


class Affinity(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.enc = nn.Linear(cfg.dim, cfg.hidden)
        self.mid = nn.Linear(cfg.hidden, cfg.hidden)
        self.out = nn.Linear(cfg.hidden, 1)

    def forward(self, x):
        return self.out(F.relu(self.mid(F.relu(self.enc(x))))).squeeze(-1)


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg = cfg
        x = torch.randn(cfg.n_train + 2 * cfg.n_valid, cfg.dim)
        y = x[:, 0] - x[:, 1] * x[:, 2] + 0.7 * torch.randn(len(x))
        a, b = cfg.n_train, cfg.n_train + cfg.n_valid
        self.train_xy, self.valid_xy, self.test_xy = (x[:a], y[:a]), (x[a:b], y[a:b]), (x[b:], y[b:])
        self.model = Affinity(cfg)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.best_loss, self.best_epoch, self.best_weights = float("inf"), -1, None

    @torch.no_grad()
    def score(self, xy):
        self.model.eval()
        return F.mse_loss(self.model(xy[0]), xy[1]).item()

    def run(self):
        x, y = self.train_xy
        for epoch in range(self.cfg.epochs):
            self.model.train()
            for idx in torch.randperm(len(x)).split(24):
                self.optimizer.zero_grad()
                F.mse_loss(self.model(x[idx]), y[idx]).backward()
                self.optimizer.step()
            loss = self.score(self.valid_xy)
            self.cfg.history.append(loss)
            if loss < self.best_loss:
                self.best_loss, self.best_epoch = loss, epoch
                self.best_weights = copy.deepcopy(self.model.state_dict())
        self.model.load_state_dict(self.best_weights)
        print(f"best epoch {self.best_epoch}  valid {self.best_loss:.4f}")
        print(f"test mse {self.score(self.test_xy):.4f}")


if __name__ == "__main__":
    Trainer(Config()).run()
