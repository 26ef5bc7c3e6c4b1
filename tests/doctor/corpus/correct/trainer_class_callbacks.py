from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class TrainState:
    epoch: int = 0
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    stop: bool = False


class Callback:
    def on_epoch_end(self, trainer: "Trainer", state: TrainState) -> None:
        pass


class Printer(Callback):
    def on_epoch_end(self, trainer, state):
        print(state.epoch, {k: round(v, 4) for k, v in state.metrics.items()})


class BestWeights(Callback):
    def __init__(self, monitor: str, mode: str = "max") -> None:
        self.monitor = monitor
        self.better: Callable[[float, float], bool] = (lambda a, b: a > b) if mode == "max" else (lambda a, b: a < b)
        self.value: float | None = None
        self.weights: dict[str, torch.Tensor] = {}

    def on_epoch_end(self, trainer, state):
        current = state.metrics[self.monitor]
        if self.value is None or self.better(current, self.value):
            self.value = current
            self.weights = {k: v.cpu().clone() for k, v in trainer.model.state_dict().items()}


class Mean:
    def __init__(self) -> None:
        self.total, self.count = 0.0, 0

    def add(self, value: torch.Tensor, n: int) -> None:
        self.total += float(value.detach()) * n
        self.count += n

    def value(self) -> float:
        return self.total / max(self.count, 1)


class Trainer:
    def __init__(self, model: nn.Module, loss: nn.Module, optimizer: torch.optim.Optimizer, device: str = "cpu",
                 callbacks: tuple[Callback, ...] = (), scheduler: Any = None, clip: float | None = None) -> None:
        self.model = model.to(device)
        self.loss, self.optimizer, self.scheduler = loss, optimizer, scheduler
        self.device, self.callbacks, self.clip = device, callbacks, clip

    def _move(self, batch):
        return [t.to(self.device) for t in batch]

    def train_epoch(self, loader: DataLoader, state: TrainState) -> None:
        self.model.train()
        mean = Mean()
        for batch in loader:
            x, y = self._move(batch)
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.model(x), y)
            loss.backward()
            if self.clip is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
            self.optimizer.step()
            if self.scheduler is not None:
                self.scheduler.step()
            state.step += 1
            mean.add(loss, y.size(0))
        state.metrics["train_loss"] = mean.value()

    @torch.no_grad()
    def evaluate(self, loader: DataLoader, state: TrainState, prefix: str) -> None:
        self.model.eval()
        loss, acc = Mean(), Mean()
        for batch in loader:
            x, y = self._move(batch)
            out = self.model(x)
            loss.add(self.loss(out, y), y.size(0))
            acc.add((out.argmax(-1) == y).float().mean(), y.size(0))
        state.metrics[f"{prefix}_loss"] = loss.value()
        state.metrics[f"{prefix}_acc"] = acc.value()

    def fit(self, train: DataLoader, val: DataLoader, epochs: int) -> TrainState:
        state = TrainState()
        for state.epoch in range(epochs):
            self.train_epoch(train, state)
            self.evaluate(val, state, "val")
            for callback in self.callbacks:
                callback.on_epoch_end(self, state)
            if state.stop:
                break
        return state


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(600, 7)
    y = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    train = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=50, shuffle=True)
    val = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=100)
    model = nn.Sequential(nn.Linear(7, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    epochs = 4
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-2, epochs=epochs, steps_per_epoch=len(train))
    best = BestWeights("val_acc")
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, callbacks=(Printer(), best), scheduler=scheduler, clip=1.0)
    trainer.fit(train, val, epochs)
    model.load_state_dict(best.weights)
    print("best", best.value)


if __name__ == "__main__":
    main()
