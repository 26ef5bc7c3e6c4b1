"""A small framework: registry, callbacks, forward hooks; used here to watch dead units and to stop early."""
from collections import OrderedDict, defaultdict
from contextlib import contextmanager

import torch
from torch import nn
from sklearn.datasets import make_friedman1
from torch.utils.data import DataLoader, TensorDataset, random_split

MODELS = {}


def register(name):
    def wrap(fn):
        MODELS[name] = fn
        return fn
    return wrap


@register("mlp")
def mlp(width=48, depth=2, n_in=10):
    layers, d = OrderedDict(), n_in
    for i in range(depth):
        layers[f"fc{i}"], layers[f"act{i}"] = nn.Linear(d, width), nn.ReLU()
        d = width
    layers["out"] = nn.Linear(d, 1)
    return nn.Sequential(layers)


class Callback:
    def __getattr__(self, name):
        if name.startswith("on_"):
            return lambda *a, **k: None          # events that a callback doesn't care about
        raise AttributeError(name)


class DeadUnits(Callback):
    """Which ReLU units never fired in this validation pass?"""

    def __init__(self):
        self.alive, self.handles = {}, []

    def on_validation_start(self, t):
        self.alive.clear()
        for name, m in t.model.named_modules():
            if isinstance(m, nn.ReLU):
                self.handles.append(m.register_forward_hook(self._hook(name)))

    def _hook(self, name):
        def hook(module, args, output):
            fired = (output.detach() > 0).any(0)
            self.alive[name] = self.alive.get(name, torch.zeros_like(fired)) | fired
            # returns None: the output stays what it is
        return hook

    def on_validation_end(self, t):
        while self.handles:
            self.handles.pop().remove()
        t.logs["dead"] = sum((~a).sum().item() for a in self.alive.values())


class GradNorm(Callback):
    def __init__(self):
        self.values = []

    def on_after_backward(self, t):
        self.values.append(torch.linalg.vector_norm(
            torch.stack([p.grad.norm() for p in t.model.parameters() if p.grad is not None])).item())

    def on_epoch_end(self, t):
        t.logs["grad"] = sum(self.values) / len(self.values)
        self.values.clear()


class EarlyStopping(Callback):
    def __init__(self, monitor="val", patience=3, min_delta=1e-3):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.best, self.wait, self.weights = float("inf"), 0, None

    def on_epoch_end(self, t):
        value = t.logs[self.monitor]
        if value < self.best - self.min_delta:
            self.best, self.wait = value, 0
            self.weights = {k: v.detach().clone() for k, v in t.model.state_dict().items()}
        else:
            self.wait += 1
            t.stop = self.wait >= self.patience

    def on_fit_end(self, t):
        t.model.load_state_dict(self.weights)


class Printer(Callback):
    def on_epoch_end(self, t):
        print(f"epoch {t.epoch:2d} " + " ".join(f"{k} {v:.4g}" for k, v in t.logs.items()))


class Trainer:
    def __init__(self, model, optimizer, callbacks):
        self.model, self.optimizer, self.callbacks = model, optimizer, callbacks
        self.criterion = nn.MSELoss(reduction="none")
        self.stop, self.epoch, self.logs = False, 0, {}

    def emit(self, event):
        for c in self.callbacks:
            getattr(c, event)(self)

    @contextmanager
    def mode(self, train):
        before = self.model.training
        self.model.train(train)
        with torch.set_grad_enabled(train):
            yield
        self.model.train(before)

    def pass_over(self, loader, train):
        acc = defaultdict(float)
        with self.mode(train):
            for x, y in loader:
                per_sample = self.criterion(self.model(x), y)
                if train:
                    self.optimizer.zero_grad()
                    per_sample.mean().backward()
                    self.emit("on_after_backward")
                    self.optimizer.step()
                acc["sum"] += per_sample.detach().sum().item()
                acc["n"] += per_sample.numel()
        return acc["sum"] / acc["n"]

    def validate(self, loader):
        self.emit("on_validation_start")
        value = self.pass_over(loader, train=False)
        self.emit("on_validation_end")
        return value

    def fit(self, train, val, epochs):
        for self.epoch in range(epochs):
            self.logs = {"train": self.pass_over(train, train=True)}
            self.logs["val"] = self.validate(val)
            self.emit("on_epoch_end")
            if self.stop:
                break
        self.emit("on_fit_end")


def main():
    torch.manual_seed(0)
    x, y = make_friedman1(1200, noise=0.5, random_state=0)
    ds = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None])
    train, val, test = random_split(ds, [800, 200, 200], generator=torch.Generator().manual_seed(0))
    y_train = ds.tensors[1][train.indices]
    mu, sd = y_train.mean(), y_train.std()
    # both scaled by the training part; the Subsets look into ds, so they see the new tensors
    ds.tensors = (ds.tensors[0] - ds.tensors[0][train.indices].mean(0), (ds.tensors[1] - mu) / sd)
    model = MODELS["mlp"](width=64)
    trainer = Trainer(model, torch.optim.Adam(model.parameters(), 3e-3),
                      [DeadUnits(), GradNorm(), EarlyStopping(patience=4), Printer()])
    trainer.fit(DataLoader(train, 32, shuffle=True), DataLoader(val, 200), epochs=20)
    print(f"test RMSE in units of y: {trainer.validate(DataLoader(test, 200)) ** 0.5 * sd.item():.3f} (noise 0.5)")


if __name__ == "__main__":
    main()
