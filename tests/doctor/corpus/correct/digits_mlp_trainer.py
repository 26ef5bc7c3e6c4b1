"""Digit classification with a small MLP and a Trainer class (early stopping, best-weight restore)."""
from __future__ import annotations

import copy
import random
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    seed: int = 17
    hidden: int = 96
    dropout: float = 0.2
    lr: float = 2e-3
    weight_decay: float = 1e-2
    batch_size: int = 64
    epochs: int = 20
    patience: int = 5


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def build_loaders(cfg: Config) -> tuple[DataLoader, DataLoader, DataLoader]:
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32) / 16.0  # fixed pixel range, nothing is estimated from the data
    X_tmp, X_test, y_tmp, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=cfg.seed)
    X_train, X_val, y_train, y_val = train_test_split(X_tmp, y_tmp, test_size=0.2, stratify=y_tmp, random_state=cfg.seed)

    def make(a: np.ndarray, b: np.ndarray, train: bool) -> DataLoader:
        ds = TensorDataset(torch.from_numpy(a), torch.from_numpy(b).long())
        gen = torch.Generator().manual_seed(cfg.seed) if train else None
        return DataLoader(ds, batch_size=cfg.batch_size, shuffle=train, generator=gen)

    return make(X_train, y_train, True), make(X_val, y_val, False), make(X_test, y_test, False)


class Trainer:
    def __init__(self, model: nn.Module, cfg: Config, device: torch.device) -> None:
        self.model = model.to(device)
        self.cfg = cfg
        self.device = device
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=cfg.epochs)

    def train_epoch(self, loader: DataLoader) -> float:
        self.model.train()
        total, n = 0.0, 0
        for xb, yb in loader:
            xb, yb = xb.to(self.device), yb.to(self.device)
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.criterion(self.model(xb), yb)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * yb.size(0)
            n += yb.size(0)
        self.scheduler.step()
        return total / n

    @torch.no_grad()
    def evaluate(self, loader: DataLoader) -> tuple[float, float]:
        self.model.eval()
        total, correct, n = 0.0, 0, 0
        for xb, yb in loader:
            xb, yb = xb.to(self.device), yb.to(self.device)
            logits = self.model(xb)
            total += self.criterion(logits, yb).item() * yb.size(0)
            correct += (logits.argmax(dim=1) == yb).sum().item()
            n += yb.size(0)
        return total / n, correct / n

    def fit(self, train: DataLoader, val: DataLoader) -> None:
        best, best_state, waited = float("inf"), copy.deepcopy(self.model.state_dict()), 0
        for epoch in range(1, self.cfg.epochs + 1):
            train_loss = self.train_epoch(train)
            val_loss, val_acc = self.evaluate(val)
            print(f"epoch {epoch:2d} train {train_loss:.4f} val {val_loss:.4f} acc {val_acc:.3f}")
            if val_loss < best:
                best, best_state, waited = val_loss, copy.deepcopy(self.model.state_dict()), 0
            else:
                waited += 1
                if waited >= self.cfg.patience:
                    print("early stop")
                    break
        self.model.load_state_dict(best_state)


def main() -> None:
    cfg = Config()
    seed_everything(cfg.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train, val, test = build_loaders(cfg)
    model = nn.Sequential(
        nn.Linear(64, cfg.hidden), nn.ReLU(), nn.Dropout(cfg.dropout),
        nn.Linear(cfg.hidden, cfg.hidden), nn.ReLU(), nn.Dropout(cfg.dropout),
        nn.Linear(cfg.hidden, 10),
    )
    trainer = Trainer(model, cfg, device)
    trainer.fit(train, val)
    loss, acc = trainer.evaluate(test)
    print(f"test loss {loss:.4f} acc {acc:.4f}")


if __name__ == "__main__":
    main()
