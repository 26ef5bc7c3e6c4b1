"""Keras-like callbacks around a plain PyTorch loop (history, checkpoint, early stopping, lr logging)."""
from __future__ import annotations

import copy
import math

import torch
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Callback:
    def on_epoch_end(self, loop: Loop, epoch: int, logs: dict[str, float]) -> None: ...

    def on_train_end(self, loop: Loop) -> None: ...


class History(Callback):
    def __init__(self):
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, loop, epoch, logs):
        self.rows.append({"epoch": epoch, **logs})


class EarlyStopping(Callback):
    def __init__(self, monitor: str, patience: int, min_delta: float = 0.0):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.best, self.bad = math.inf, 0

    def on_epoch_end(self, loop, epoch, logs):
        if logs[self.monitor] < self.best - self.min_delta:
            self.best, self.bad = logs[self.monitor], 0
        else:
            self.bad += 1
            loop.stop = self.bad >= self.patience


class BestWeights(Callback):
    def __init__(self, monitor: str):
        self.monitor, self.best, self.state = monitor, math.inf, None

    def on_epoch_end(self, loop, epoch, logs):
        if logs[self.monitor] < self.best:
            self.best = logs[self.monitor]
            self.state = copy.deepcopy(loop.model.state_dict())

    def on_train_end(self, loop):
        loop.model.load_state_dict(self.state)


class Printer(Callback):
    def __init__(self, every: int):
        self.every = every

    def on_epoch_end(self, loop, epoch, logs):
        if epoch % self.every == 0:
            print(f"[{epoch:3d}] " + " ".join(f"{k}={v:.4g}" for k, v in logs.items()))


class Loop:
    def __init__(self, model: nn.Module, optimizer, loss_fn, callbacks: list[Callback], scheduler=None):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.scheduler, self.callbacks, self.stop = scheduler, callbacks, False

    def _step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.model(x).squeeze(1), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def evaluate(self, loader) -> dict[str, float]:
        self.model.eval()
        loss = hits = n = 0.0
        with torch.no_grad():
            for x, y in loader:
                z = self.model(x).squeeze(1)
                loss += self.loss_fn(z, y).item() * len(y)
                hits += ((z > 0).float() == y).sum().item()
                n += len(y)
        return {"loss": loss / n, "acc": hits / n}

    def fit(self, train, val, epochs: int) -> None:
        for epoch in range(1, epochs + 1):
            self.model.train()
            total, n = 0.0, 0
            for x, y in train:
                total += self._step(x, y) * len(y)
                n += len(y)
            logs = {"train_loss": total / n, "lr": self.optimizer.param_groups[0]["lr"]}
            logs.update({f"val_{k}": v for k, v in self.evaluate(val).items()})
            if self.scheduler is not None:
                self.scheduler.step()
            for cb in self.callbacks:
                cb.on_epoch_end(self, epoch, logs)
            if self.stop:
                print(f"stopped after epoch {epoch}")
                break
        for cb in self.callbacks:
            cb.on_train_end(self)


def main() -> None:
    torch.manual_seed(23)
    X, y = make_moons(1500, noise=0.25, random_state=23)
    X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=23)
    X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=23)
    ds = [TensorDataset(torch.tensor(a, dtype=torch.float32), torch.tensor(b, dtype=torch.float32))
          for a, b in ((X_tr, y_tr), (X_va, y_va), (X_te, y_te))]
    train, val, test = DataLoader(ds[0], 64, shuffle=True), DataLoader(ds[1], 256), DataLoader(ds[2], 256)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    history = History()
    loop = Loop(model, opt, nn.BCEWithLogitsLoss(),
                [history, Printer(5), EarlyStopping("val_loss", patience=6), BestWeights("val_loss")],
                torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.97))
    loop.fit(train, val, epochs=30)
    print("best val loss", min(r["val_loss"] for r in history.rows), "| test", loop.evaluate(test))


if __name__ == "__main__":
    main()
