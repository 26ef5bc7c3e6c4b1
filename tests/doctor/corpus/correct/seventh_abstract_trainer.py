"""Template-method trainer; the subclass decides what a batch, a loss and a metric are."""
from __future__ import annotations

import abc
import copy
import random
from typing import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, Tensor
from torch.utils.data import DataLoader, TensorDataset, random_split


class Callback:
    def on_fit_start(self, t: "Trainer") -> None: ...
    def on_step_end(self, t: "Trainer") -> None: ...
    def on_epoch_end(self, t: "Trainer") -> None: ...
    def on_fit_end(self, t: "Trainer") -> None: ...


class Warmup(Callback):
    """Linear warm-up by writing the learning rate directly, one value a step."""

    def __init__(self, steps: int):
        self.steps = steps

    def on_fit_start(self, t):
        self.base = [grp["lr"] for grp in t.opt.param_groups]
        self._set(t, 1)

    def on_step_end(self, t):
        if t.step < self.steps:
            self._set(t, t.step + 1)

    def _set(self, t, k):
        for grp, lr in zip(t.opt.param_groups, self.base):
            grp["lr"] = lr * min(1.0, k / self.steps)


class KeepBest(Callback):
    def on_fit_start(self, t):
        self.score, self.state = -float("inf"), None

    def on_epoch_end(self, t):
        if t.val_score > self.score:
            self.score = t.val_score
            self.state = copy.deepcopy(t.model.state_dict())

    def on_fit_end(self, t):
        t.model.load_state_dict(self.state)


class Trainer(abc.ABC):
    def __init__(self, model: nn.Module, opt: torch.optim.Optimizer, callbacks: Iterable[Callback] = ()):
        self.model, self.opt, self.callbacks = model, opt, list(callbacks)
        self.step = 0
        self.val_score = float("nan")

    def _fire(self, name: str) -> None:
        for cb in self.callbacks:
            getattr(cb, name)(self)

    @abc.abstractmethod
    def loss(self, batch) -> Tensor: ...

    @abc.abstractmethod
    def correct(self, batch) -> tuple[int, int]: ...

    def fit(self, train: DataLoader, val: DataLoader, epochs: int) -> "Trainer":
        self._fire("on_fit_start")
        for _ in range(epochs):
            self.model.train()
            for batch in train:
                self.opt.zero_grad(set_to_none=True)
                self.loss(batch).backward()
                self.opt.step()
                self.step += 1
                self._fire("on_step_end")
            self.val_score = self.score(val)
            self._fire("on_epoch_end")
        self._fire("on_fit_end")
        return self

    @torch.no_grad()
    def score(self, loader: DataLoader) -> float:
        self.model.eval()
        hits = total = 0
        for batch in loader:
            h, n = self.correct(batch)
            hits, total = hits + h, total + n
        return hits / total


class Classifier(Trainer):
    def loss(self, batch):
        x, y = batch
        return F.cross_entropy(self.model(x), y)

    def correct(self, batch):
        x, y = batch
        return int((self.model(x).argmax(1) == y).sum()), y.numel()


class MixupClassifier(Classifier):
    """Only the training loss is different; scoring is inherited."""

    def loss(self, batch):
        x, y = batch
        lam = float(np.random.beta(0.3, 0.3))
        perm = torch.randperm(len(x))
        out = self.model(lam * x + (1 - lam) * x[perm])
        return lam * F.cross_entropy(out, y) + (1 - lam) * F.cross_entropy(out, y[perm])


def main():
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    centers = torch.randn(5, 10) * 1.6
    y = torch.randint(0, 5, (1500,))
    x = centers[y] + torch.randn(1500, 10)
    tr, va, te = random_split(TensorDataset(x, y), [1000, 250, 250], generator=torch.Generator().manual_seed(3))
    loaders = [DataLoader(d, 50, shuffle=s) for d, s in ((tr, True), (va, False), (te, False))]
    for cls in (Classifier, MixupClassifier):
        torch.manual_seed(42)
        model = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 5))
        opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        t = cls(model, opt, [Warmup(30), KeepBest()]).fit(loaders[0], loaders[1], epochs=8)
        print(f"{cls.__name__:16s} test accuracy {t.score(loaders[2]):.3f}")


if __name__ == "__main__":
    main()
