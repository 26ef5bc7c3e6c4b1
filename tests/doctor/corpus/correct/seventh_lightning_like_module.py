"""A pocket version of the Lightning idea: module with hooks, trainer with callbacks."""
import copy
from typing import Dict, List, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


class MiniModule(nn.Module):
    def training_step(self, batch) -> torch.Tensor:
        raise NotImplementedError

    def validation_step(self, batch) -> Dict[str, float]:
        """Sums over the batch; must contain the key 'n'."""
        raise NotImplementedError

    def configure_optimizers(self):
        raise NotImplementedError


class Callback:
    def on_validation_end(self, trainer: "MiniTrainer", model: MiniModule, metrics: Dict[str, float]) -> None:
        pass

    def on_fit_end(self, trainer: "MiniTrainer", model: MiniModule) -> None:
        pass


class KeepBest(Callback):
    def __init__(self, monitor: str):
        self.monitor = monitor
        self.best = float("inf")
        self.state: Optional[dict] = None

    def on_validation_end(self, trainer, model, metrics):
        if metrics[self.monitor] < self.best:
            self.best = metrics[self.monitor]
            self.state = copy.deepcopy(model.state_dict())

    def on_fit_end(self, trainer, model):
        if self.state is not None:
            model.load_state_dict(self.state)
            print(f"restored best {self.monitor}: {self.best:.4f}")


class Printer(Callback):
    def __init__(self, every: int):
        self.every = every

    def on_validation_end(self, trainer, model, metrics):
        if (trainer.epoch + 1) % self.every == 0:
            text = ", ".join(f"{k} {v:.4f}" for k, v in metrics.items())
            print(f"epoch {trainer.epoch + 1}: train_loss {trainer.train_loss:.4f}, {text}")


class MiniTrainer:
    def __init__(self, max_epochs: int, callbacks: List[Callback], clip: Optional[float] = None):
        self.max_epochs, self.callbacks, self.clip = max_epochs, callbacks, clip
        self.epoch, self.train_loss = 0, float("nan")

    def fit(self, model: MiniModule, train_loader, val_loader) -> None:
        optimizer, scheduler = model.configure_optimizers()
        for self.epoch in range(self.max_epochs):
            model.train()
            loss_sum, n_seen = 0.0, 0
            for batch in train_loader:
                loss = model.training_step(batch)
                optimizer.zero_grad()
                loss.backward()
                if self.clip is not None:
                    nn.utils.clip_grad_norm_(model.parameters(), self.clip)
                optimizer.step()
                loss_sum += loss.item() * len(batch[0])
                n_seen += len(batch[0])
            self.train_loss = loss_sum / n_seen
            scheduler.step()
            metrics = self.validate(model, val_loader)
            for cb in self.callbacks:
                cb.on_validation_end(self, model, metrics)
        for cb in self.callbacks:
            cb.on_fit_end(self, model)

    @torch.no_grad()
    def validate(self, model: MiniModule, loader) -> Dict[str, float]:
        model.eval()
        sums: Dict[str, float] = {}
        for batch in loader:
            for key, value in model.validation_step(batch).items():
                sums[key] = sums.get(key, 0.0) + value
        n = sums.pop("n")
        return {key: value / n for key, value in sums.items()}


class IrisModule(MiniModule):
    def __init__(self, hidden: int = 24, lr: float = 1e-2, epochs: int = 40):
        super().__init__()
        self.lr, self.epochs = lr, epochs
        self.net = nn.Sequential(nn.Linear(4, hidden), nn.SiLU(), nn.Dropout(0.1), nn.Linear(hidden, 3))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        logits = self(x)
        return {
            "loss": F.cross_entropy(logits, y, reduction="sum").item(),
            "acc": (logits.argmax(-1) == y).sum().item(),
            "n": len(y),
        }

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=1e-3)
        return opt, torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=self.epochs)


def iris_loaders(seed: int = 0):
    X, y = load_iris(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.long)
    rest, test = train_test_split(torch.arange(len(y)), test_size=30, stratify=y, random_state=seed)
    train, val = train_test_split(rest, test_size=30, stratify=y[rest], random_state=seed)
    X = (X - X[train].mean(0)) / X[train].std(0)
    return (
        DataLoader(TensorDataset(X[train], y[train]), batch_size=16, shuffle=True),
        DataLoader(TensorDataset(X[val], y[val]), batch_size=30),
        DataLoader(TensorDataset(X[test], y[test]), batch_size=30),
    )


if __name__ == "__main__":
    torch.manual_seed(0)
    train_dl, val_dl, test_dl = iris_loaders()
    module = IrisModule()
    trainer = MiniTrainer(module.epochs, [Printer(10), KeepBest("loss")], clip=1.0)
    trainer.fit(module, train_dl, val_dl)
    print("test:", {k: round(v, 4) for k, v in trainer.validate(module, test_dl).items()})
