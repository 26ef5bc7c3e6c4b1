"""A small framework in one file: registry, mixin, callbacks, a figure without a display, test-time augmentation."""
import tempfile
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


class Registry(dict):
    def register(self, name):
        def wrap(obj):
            self[name] = obj
            return obj
        return wrap


MODELS, LOSSES = Registry(), Registry()


@MODELS.register("cnn")
def cnn(width=16, classes=10):
    return nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.Flatten(),
                         nn.Dropout(0.3), nn.Linear(32 * width, classes))


@LOSSES.register("focal")
class FocalLoss(nn.Module):
    def __init__(self, gamma=1.5):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        logp = F.log_softmax(logits, -1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
        return (-(1 - logp.exp()) ** self.gamma * logp).mean()


class Callback:
    def on_epoch_end(self, trainer):
        pass

    def on_fit_end(self, trainer):
        pass


class BestWeights(Callback):
    def __init__(self, path, key="val/acc"):
        self.path, self.key, self.best = Path(path), key, float("-inf")

    def on_epoch_end(self, trainer):
        if trainer.history[self.key][-1] > self.best:
            self.best = trainer.history[self.key][-1]
            torch.save(trainer.model.state_dict(), self.path)

    def on_fit_end(self, trainer):
        trainer.model.load_state_dict(torch.load(self.path, weights_only=True))


class AsciiPlot(Callback):
    """Curves without a display."""

    def on_fit_end(self, trainer):
        for key, values in trainer.history.items():
            low, high = min(values), max(values)
            bars = "".join("_.-=*#"[min(5, int(6 * (v - low) / (high - low + 1e-12)))] for v in values)
            print(f"{key:>10} {bars}  {values[0]:.3f} -> {values[-1]:.3f}")


class EvaluateMixin:
    @torch.no_grad()
    def evaluate(self, loader, predict=None):
        was_training = self.model.training
        self.model.eval()
        predict = predict or self.model
        loss = hits = 0.0
        for x, y in loader:
            out = predict(x)
            loss += F.cross_entropy(out, y, reduction="sum").item()
            hits += (out.argmax(-1) == y).sum().item()
        self.model.train(was_training)
        n = len(loader.dataset)
        return {"loss": loss / n, "acc": hits / n}

    def shifted_views(self, x):
        """Mean of log probabilities over small shifts; label keeping."""
        padded = F.pad(x, (1, 1, 1, 1))
        views = [x] + [padded[..., dy:dy + 8, dx:dx + 8] for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2))]
        return torch.stack([self.model(v).log_softmax(-1) for v in views]).mean(0)


class Trainer(EvaluateMixin):
    def __init__(self, cfg, callbacks):
        self.cfg, self.callbacks, self.history = cfg, callbacks, defaultdict(list)
        self.model = MODELS[cfg["model"]](**cfg["model_args"])
        self.criterion = LOSSES[cfg["loss"]](**cfg["loss_args"])
        self.optimizer = getattr(torch.optim, cfg["optimizer"])(self.model.parameters(), **cfg["optimizer_args"])

    def emit(self, event):
        for cb in self.callbacks:
            getattr(cb, event)(self)

    def step(self, batch):
        x, y = batch
        dy, dx = torch.randint(0, 3, (2,)).tolist()
        x = F.pad(x, (1, 1, 1, 1))[..., dy:dy + 8, dx:dx + 8]   # the shifts that the test-time views use
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item() * len(y)

    def fit(self, train, val):
        for _ in range(self.cfg["epochs"]):
            self.model.train()
            total = sum(map(self.step, train))
            self.history["train/loss"].append(total / len(train.dataset))
            for k, v in self.evaluate(val).items():
                self.history[f"val/{k}"].append(v)
            self.emit("on_epoch_end")
        self.emit("on_fit_end")
        return self


CONFIG = {"model": "cnn", "model_args": {"width": 12}, "loss": "focal", "loss_args": {"gamma": 1.5},
          "optimizer": "NAdam", "optimizer_args": {"lr": 3e-3}, "epochs": 9}

if __name__ == "__main__":
    torch.manual_seed(27)
    d = load_digits()
    full = TensorDataset(torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(d.target))
    train, val, test = random_split(full, [1200, 250, 347])
    test_loader = DataLoader(test, batch_size=128)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(CONFIG, [BestWeights(Path(folder) / "best.pt"), AsciiPlot()])
        trainer.fit(DataLoader(train, batch_size=50, shuffle=True), DataLoader(val, batch_size=128))
    print("test", trainer.evaluate(test_loader))
    print("test, shifted views", trainer.evaluate(test_loader, trainer.shifted_views))
