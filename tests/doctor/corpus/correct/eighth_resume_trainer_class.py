"""A Trainer with complete checkpoints: a run that is interrupted and resumed ends
in exactly the same weights as one that ran through."""
import os
import random
import tempfile

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from torch.utils.data import DataLoader, TensorDataset


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Trainer:
    def __init__(self, train_ds, val_ds, ckpt_path, lr=0.02, max_epochs=12, batch_size=16):
        self.model = nn.Sequential(nn.Linear(13, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=max_epochs)
        self.criterion = nn.CrossEntropyLoss()
        self.generator = torch.Generator().manual_seed(99)       # the order of the samples
        self.train_loader = DataLoader(train_ds, batch_size, shuffle=True, drop_last=True, generator=self.generator)
        self.val_loader = DataLoader(val_ds, 64)
        self.ckpt_path, self.max_epochs = ckpt_path, max_epochs
        self.epoch, self.best_loss, self.history = 0, float("inf"), []

    # -- checkpoints -------------------------------------------------------
    def state_dict(self):
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "epoch": self.epoch,
            "best_loss": self.best_loss,
            "history": list(self.history),
            "rng": {"torch": torch.get_rng_state(), "loader": self.generator.get_state(),
                    "python": random.getstate(), "numpy": np.random.get_state()},
        }

    def load_state_dict(self, s):
        self.model.load_state_dict(s["model"])
        self.optimizer.load_state_dict(s["optimizer"])
        self.scheduler.load_state_dict(s["scheduler"])
        self.epoch, self.best_loss, self.history = s["epoch"], s["best_loss"], list(s["history"])
        torch.set_rng_state(s["rng"]["torch"])
        self.generator.set_state(s["rng"]["loader"])
        random.setstate(s["rng"]["python"])
        np.random.set_state(s["rng"]["numpy"])

    def save(self):
        tmp = self.ckpt_path + ".tmp"
        torch.save(self.state_dict(), tmp)
        os.replace(tmp, self.ckpt_path)          # never a half-written checkpoint

    def maybe_resume(self):
        if os.path.exists(self.ckpt_path):
            # our own file; it holds Python and NumPy random states besides tensors
            self.load_state_dict(torch.load(self.ckpt_path, weights_only=False))
            print(f"  resumed at epoch {self.epoch}")
        return self

    # -- loops ---------------------------------------------------------------
    def train_epoch(self):
        self.model.train()
        for x, y in self.train_loader:
            x = x + 0.05 * torch.randn_like(x)
            self.optimizer.zero_grad()
            self.criterion(self.model(x), y).backward()
            self.optimizer.step()
        self.scheduler.step()

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        total = n = 0
        for x, y in self.val_loader:
            total += self.criterion(self.model(x), y).item() * len(y)
            n += len(y)
        return total / n

    def fit(self, stop_after=None):
        while self.epoch < self.max_epochs:
            self.train_epoch()
            val = self.validate()
            self.history.append(val)
            self.best_loss = min(self.best_loss, val)
            self.epoch += 1
            self.save()
            if stop_after is not None and self.epoch == stop_after:
                print(f"  interrupted after epoch {self.epoch}")
                break
        return self


def main():
    x, y = load_wine(return_X_y=True)
    perm = np.random.default_rng(0).permutation(len(x))
    tr, va = perm[:130], perm[130:]
    mu, sd = x[tr].mean(0), x[tr].std(0)
    ds = lambda i: TensorDataset(torch.tensor((x[i] - mu) / sd, dtype=torch.float32), torch.tensor(y[i]))
    with tempfile.TemporaryDirectory() as d:
        print("through:")
        set_seed(0)
        a = Trainer(ds(tr), ds(va), os.path.join(d, "a.pt")).fit()
        print("in two parts:")
        set_seed(0)
        Trainer(ds(tr), ds(va), os.path.join(d, "b.pt")).fit(stop_after=5)
        set_seed(12345)                                   # a new process has other states
        b = Trainer(ds(tr), ds(va), os.path.join(d, "b.pt")).maybe_resume().fit()
    same = all(torch.equal(p, q) for p, q in zip(a.model.state_dict().values(), b.model.state_dict().values()))
    print(f"same weights: {same}, same history: {a.history == b.history}, final validation loss {a.history[-1]:.4f}")
    assert same


if __name__ == "__main__":
    main()
