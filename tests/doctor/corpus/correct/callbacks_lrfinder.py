"""A small training framework with callbacks and an LR range test that leaves the model as it was."""
import copy
import math
import time

import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from torch.utils.data import DataLoader, TensorDataset


class Callback:
    order = 0

    def __getattr__(self, name):                  # any hook that a callback does not define does nothing
        if name.startswith(("before_", "after_")):
            return lambda learner: None
        raise AttributeError(name)


class StopFit(Exception):
    pass


class Learner:
    def __init__(self, model, train, val, loss_fn, opt_fn, callbacks=()):
        self.model, self.train_dl, self.val_dl, self.loss_fn = model, train, val, loss_fn
        self.opt = opt_fn(model.parameters())
        self.callbacks = sorted(callbacks, key=lambda c: c.order)

    def call(self, name):
        for c in self.callbacks:
            getattr(c, name)(self)

    def one_batch(self, batch):
        self.x, self.y = batch
        self.loss = self.loss_fn(self.model(self.x), self.y)
        if self.model.training:
            self.loss.backward()
            self.call("after_backward")
            self.opt.step()
            self.opt.zero_grad()
        self.call("after_batch")

    def one_epoch(self, training):
        self.model.train(training)
        with torch.set_grad_enabled(training):
            for batch in (self.train_dl if training else self.val_dl):
                self.one_batch(batch)

    def fit(self, epochs):
        self.epochs = epochs
        self.call("before_fit")
        try:
            for self.epoch in range(epochs):
                self.call("before_epoch")
                self.one_epoch(True)
                self.one_epoch(False)
                self.call("after_epoch")
        except StopFit:
            pass
        self.call("after_fit")


class Meter(Callback):
    def before_epoch(self, l):
        self.sums = {True: [0.0, 0], False: [0.0, 0]}
        self.t = time.perf_counter()

    def after_batch(self, l):
        s = self.sums[l.model.training]
        s[0] += l.loss.item() * len(l.x)
        s[1] += len(l.x)

    def after_epoch(self, l):
        l.metrics = {"train": self.sums[True][0] / self.sums[True][1], "valid": self.sums[False][0] / self.sums[False][1]}
        print(f"{l.epoch} " + " ".join(f"{k} {v:.4f}" for k, v in l.metrics.items()) + f" {time.perf_counter() - self.t:.2f}s")


class OneCycle(Callback):
    def __init__(self, max_lr):
        self.max_lr = max_lr

    def before_fit(self, l):
        self.sched = torch.optim.lr_scheduler.OneCycleLR(l.opt, self.max_lr, total_steps=l.epochs * len(l.train_dl))

    def after_batch(self, l):
        if l.model.training:                       # not for the validation batches
            self.sched.step()


class Clip(Callback):
    def after_backward(self, l):
        nn.utils.clip_grad_norm_(l.model.parameters(), 1.0)


class KeepBest(Callback):
    order = 10                                     # after Meter

    def __init__(self, patience):
        self.patience, self.best, self.bad = patience, math.inf, 0

    def after_epoch(self, l):
        if l.metrics["valid"] < self.best:
            self.best, self.bad, self.state = l.metrics["valid"], 0, copy.deepcopy(l.model.state_dict())
        else:
            self.bad += 1
            if self.bad > self.patience:
                raise StopFit

    def after_fit(self, l):
        l.model.load_state_dict(self.state)


def find_lr(model, loader, loss_fn, opt_fn, low=1e-5, high=1.0, steps=60):
    """On a copy, with an optimiser of its own; the rate grows geometrically until the loss explodes."""
    probe = copy.deepcopy(model).train()
    opt = opt_fn(probe.parameters())
    smooth, lowest, best_rate, it = None, math.inf, low, iter(loader)
    for i in range(steps):
        rate = low * (high / low) ** (i / (steps - 1))
        for group in opt.param_groups:
            group["lr"] = rate
        try:
            x, y = next(it)
        except StopIteration:
            it = iter(loader)
            x, y = next(it)
        loss = loss_fn(probe(x), y)
        smooth = loss.item() if smooth is None else 0.8 * smooth + 0.2 * loss.item()
        if smooth < lowest:
            lowest, best_rate = smooth, rate
        if smooth > 4 * lowest:
            break
        opt.zero_grad()
        loss.backward()
        opt.step()
    return best_rate / 10


def main():
    torch.manual_seed(0)
    x, y = make_friedman1(1400, n_features=8, noise=0.5, random_state=0)
    y = (y - y[:900].mean()) / y[:900].std()       # the rows are independent; the first 900 are the training part
    x, y = torch.tensor(x).float() * 2 - 1, torch.tensor(y).float().unsqueeze(1)
    train, val, test = (TensorDataset(x[s], y[s]) for s in (slice(0, 900), slice(900, 1100), slice(1100, None)))
    dl = DataLoader(train, 45, shuffle=True)
    model = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    before = copy.deepcopy(model.state_dict())
    rate = find_lr(model, dl, nn.MSELoss(), torch.optim.AdamW)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    print(f"suggested rate {rate:.2e}")
    learner = Learner(model, dl, DataLoader(val, 200), nn.MSELoss(), torch.optim.AdamW,
                      [Meter(), OneCycle(rate), Clip(), KeepBest(patience=4)])
    learner.fit(12)
    model.eval()
    with torch.no_grad():
        residual = model(test.tensors[0]) - test.tensors[1]
    print(f"test mse {residual.square().mean().item():.4f} (variance 1 = no skill)")


if __name__ == "__main__":
    main()
