from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Config:
    n: int = 360
    hidden: int = 64
    batch: int = 32
    lr: float = 3e-3
    epochs: int = 40
    seed: int = 17


def make_data(cfg: Config):
    g = torch.Generator().manual_seed(cfg.seed)
    x = torch.rand(cfg.n, 6, generator=g) * 4 - 2
    y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.4 * torch.randn(cfg.n, 1, generator=g)
    full = TensorDataset(x, y)
    return random_split(full, [200, 60, 100], generator=g)


class Trainer:
    def __init__(self, model: nn.Module, cfg: Config):
        self.model = model
        self.cfg = cfg
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
        self.best_loss = float("inf")
        self.best_epoch = -1
        self.best_weights = None

    def _snapshot(self):
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def train_epoch(self, loader):
        self.model.train()
        for xb, yb in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(xb), yb)
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        total, count = 0.0, 0
        for xb, yb in loader:
            total += self.criterion(self.model(xb), yb).item() * len(xb)
            count += len(xb)
        return total / count

    def fit(self, train_loader, val_loader):
        for epoch in range(self.cfg.epochs):
            self.train_epoch(train_loader)
            val_loss = self.evaluate(val_loader)
            if val_loss < self.best_loss:
                self.best_loss = val_loss
                self.best_epoch = epoch
                self.best_weights = self._snapshot()
        self.model.load_state_dict(self.best_weights)
        return self


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train_set, val_set, test_set = make_data(cfg)
    train_loader = DataLoader(train_set, batch_size=cfg.batch, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=64)
    test_loader = DataLoader(test_set, batch_size=64)
    model = nn.Sequential(
        nn.Linear(6, cfg.hidden), nn.ReLU(),
        nn.Linear(cfg.hidden, cfg.hidden), nn.ReLU(),
        nn.Linear(cfg.hidden, 1),
    )
    trainer = Trainer(model, cfg).fit(train_loader, val_loader)
    print(f"best epoch {trainer.best_epoch}, val mse {trainer.best_loss:.4f}")
    print(f"test mse {trainer.evaluate(test_loader):.4f}")


if __name__ == "__main__":
    main()
