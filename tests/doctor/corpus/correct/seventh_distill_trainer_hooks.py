"""Knowledge distillation with a callback-driven trainer."""
import copy
from collections import defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from torch.utils.data import DataLoader, TensorDataset, random_split


class Callback:
    def on_epoch_start(self, tr): ...
    def on_epoch_end(self, tr): ...
    def on_fit_end(self, tr): ...


class History(Callback):
    def __init__(self):
        self.log = defaultdict(list)

    def on_epoch_end(self, tr):
        for k, v in tr.metrics.items():
            self.log[k].append(v)


class KeepBest(Callback):
    def __init__(self, key="val_acc"):
        self.key, self.best, self.state = key, -1.0, None

    def on_epoch_end(self, tr):
        if tr.metrics[self.key] > self.best:
            self.best = tr.metrics[self.key]
            self.state = copy.deepcopy(tr.model.state_dict())

    def on_fit_end(self, tr):
        tr.model.load_state_dict(self.state)


class Trainer:
    def __init__(self, model, objective, lr, callbacks=()):
        self.model, self.objective, self.callbacks = model, objective, callbacks
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.metrics = {}

    def _emit(self, event):
        for cb in self.callbacks:
            getattr(cb, event)(self)

    def fit(self, train, val, epochs):
        for self.epoch in range(epochs):
            self._emit("on_epoch_start")
            self.model.train()
            total, n = 0.0, 0
            for x, y in train:
                loss = self.objective(self.model, x, y)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                total, n = total + loss.item() * len(x), n + len(x)
            self.metrics = {"loss": total / n, "val_acc": accuracy(self.model, val)}
            self._emit("on_epoch_end")
        self._emit("on_fit_end")
        return self


@torch.inference_mode()
def accuracy(model, dl):
    model.eval()
    return sum((model(x).argmax(-1) == y).sum().item() for x, y in dl) / len(dl.dataset)


def supervised(model, x, y):
    return F.cross_entropy(model(x), y)


class Distill:
    def __init__(self, teacher, T=2.0, alpha=0.7):
        self.teacher, self.T, self.alpha = teacher.eval().requires_grad_(False), T, alpha

    def __call__(self, student, x, y):
        s, t = student(x), self.teacher(x)
        kd = F.kl_div(F.log_softmax(s / self.T, -1), F.log_softmax(t / self.T, -1), reduction="batchmean", log_target=True)
        return self.alpha * self.T ** 2 * kd + (1 - self.alpha) * F.cross_entropy(s, y)


def mlp(*sizes, p=0.0):
    mods = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        mods += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(p)]
    return nn.Sequential(*mods[:-2])


if __name__ == "__main__":
    torch.manual_seed(0)
    X, y = make_classification(3000, 20, n_informative=10, n_classes=4, n_clusters_per_class=2, random_state=0)
    ds = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))
    tr, va, te = random_split(ds, [1800, 500, 700], generator=torch.Generator().manual_seed(0))
    train = DataLoader(tr, 64, shuffle=True)
    val, test = DataLoader(va, 500), DataLoader(te, 700)
    teacher = Trainer(mlp(20, 128, 128, 4, p=0.2), supervised, 2e-3, [KeepBest()]).fit(train, val, 12).model
    plain = Trainer(mlp(20, 24, 4), supervised, 5e-3, [KeepBest()]).fit(train, val, 12).model
    hist = History()
    student = Trainer(mlp(20, 24, 4), Distill(teacher), 5e-3, [hist, KeepBest()]).fit(train, val, 12).model
    print("val curve", [round(v, 3) for v in hist.log["val_acc"]])
    for name, m in dict(teacher=teacher, plain=plain, distilled=student).items():
        print(f"{name:10s} test {accuracy(m, test):.3f}  params {sum(p.numel() for p in m.parameters())}")
