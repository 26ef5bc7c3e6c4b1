from __future__ import annotations

from typing import Callable

import torch
from torch import nn


class Trainer:
    def __init__(self, model: nn.Module, loss: Callable, opt: torch.optim.Optimizer) -> None:
        self.model, self.loss, self.opt = model, loss, opt
        self.hooks: dict[str, list[Callable]] = {"epoch_end": []}
        self.history: list[float] = []

    def on(self, event: str) -> Callable:
        def register(fn: Callable) -> Callable:
            self.hooks[event].append(fn)
            return fn
        return register

    def fit(self, batches: Callable, epochs: int) -> None:
        for self.epoch in range(epochs):
            self.model.train()
            for x, y in batches():
                self.opt.zero_grad(set_to_none=True)
                loss = self.loss(self.model(x), y)
                loss.backward()
                self.opt.step()
                self.history.append(loss.item())
            for fn in self.hooks["epoch_end"]:
                fn(self)


torch.manual_seed(1)
x = torch.randn(300, 5)
y = x.sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
t = Trainer(net, nn.functional.mse_loss, torch.optim.Adam(net.parameters(), lr=5e-3))


@t.on("epoch_end")
def report(trainer):
    trainer.model.eval()
    with torch.no_grad():
        print(trainer.epoch, nn.functional.mse_loss(trainer.model(x[240:]), y[240:]).item())


t.fit(lambda: ((x[i], y[i]) for i in torch.randperm(240).split(24)), epochs=4)
