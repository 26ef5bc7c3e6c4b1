from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Callback:
    def on_fit_start(self, tr): ...
    def on_step_end(self, tr): ...
    def on_epoch_end(self, tr): ...
    def on_fit_end(self, tr): ...


class EarlyStopping(Callback):
    def __init__(self, patience=5, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta

    def on_fit_start(self, tr):
        self.best, self.bad, self.weights = math.inf, 0, None

    def on_epoch_end(self, tr):
        v = tr.logs["val_loss"]
        if v < self.best - self.min_delta:
            self.best, self.bad = v, 0
            self.weights = copy.deepcopy(tr.model.state_dict())
        else:
            self.bad += 1
            tr.stop = self.bad >= self.patience

    def on_fit_end(self, tr):
        tr.model.load_state_dict(self.weights)


class StepSchedule(Callback):
    def __init__(self, sched):
        self.sched = sched

    def on_step_end(self, tr):
        self.sched.step()


@dataclass
class Trainer:
    model: nn.Module
    loss: nn.Module
    opt: torch.optim.Optimizer
    callbacks: list[Callback] = field(default_factory=list)
    logs: dict = field(default_factory=dict)
    stop: bool = False

    def fire(self, event):
        for c in self.callbacks:
            getattr(c, event)(self)

    def fit(self, train, val, epochs):
        self.fire("on_fit_start")
        for self.epoch in range(epochs):
            self.model.train()
            for x, y in train:
                self.opt.zero_grad()
                self.loss(self.model(x), y).backward()
                self.opt.step()
                self.fire("on_step_end")
            self.logs = self.evaluate(val)
            self.fire("on_epoch_end")
            if self.stop:
                break
        self.fire("on_fit_end")
        return self

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        tot = ok = n = 0
        for x, y in loader:
            out = self.model(x)
            tot, ok, n = tot + self.loss(out, y).item() * len(y), ok + (out.argmax(1) == y).sum().item(), n + len(y)
        return {"val_loss": tot / n, "val_acc": ok / n}


torch.manual_seed(0)
x = torch.randn(1400, 6)
y = (x[:, :3].prod(1) + 0.1 * torch.randn(1400) > 0).long()
tr, va, te = (DataLoader(TensorDataset(x[s], y[s]), 50, shuffle=i == 0)
              for i, s in enumerate((slice(0, 1000), slice(1000, 1200), slice(1200, None))))
model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 2))
opt = torch.optim.AdamW(model.parameters(), lr=4e-3)
EPOCHS = 18
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=EPOCHS * len(tr))
t = Trainer(model, nn.CrossEntropyLoss(), opt, [StepSchedule(sched), EarlyStopping(5)]).fit(tr, va, EPOCHS)
print(f"stopped after epoch {t.epoch + 1}; best val {t.callbacks[1].best:.3f}; test", t.evaluate(te))
