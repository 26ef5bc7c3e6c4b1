"""Interruptible training: a run that is stopped and resumed ends bit-identical to an uninterrupted one."""
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 8


def seed_all(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


def get_data():
    X, y = make_classification(1200, 20, n_informative=8, random_state=3)
    X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.25, stratify=y, random_state=3)
    sc = StandardScaler().fit(X_tr)
    t = lambda a, b: (torch.tensor(sc.transform(a), dtype=torch.float32), torch.tensor(b, dtype=torch.long))
    return t(X_tr, y_tr), t(X_va, y_va)


class Run:
    def __init__(self, train, val):
        seed_all(2024)
        self.val = val
        self.loader_gen = torch.Generator().manual_seed(5)
        self.loader = DataLoader(TensorDataset(*train), batch_size=64, shuffle=True, generator=self.loader_gen)
        self.model = nn.Sequential(nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=3e-3)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, T_max=EPOCHS)
        self.epoch, self.best = 0, float("inf")
        self.loss_fn = nn.CrossEntropyLoss()

    def save(self, path):
        state = {
            "epoch": self.epoch, "best": self.best,
            "model": self.model.state_dict(), "opt": self.opt.state_dict(), "sched": self.sched.state_dict(),
            "torch_rng": torch.get_rng_state(), "numpy_rng": np.random.get_state(), "python_rng": random.getstate(),
            "loader_rng": self.loader_gen.get_state(),
        }
        tmp = path.with_suffix(".tmp")
        torch.save(state, tmp)
        tmp.replace(path)  # atomic: never a half-written checkpoint

    def load(self, path):
        # our own file, holds numpy/python RNG tuples, hence weights_only=False
        s = torch.load(path, map_location="cpu", weights_only=False)
        self.model.load_state_dict(s["model"])
        self.opt.load_state_dict(s["opt"])
        self.sched.load_state_dict(s["sched"])
        self.epoch, self.best = s["epoch"], s["best"]
        torch.set_rng_state(s["torch_rng"])
        np.random.set_state(s["numpy_rng"])
        random.setstate(s["python_rng"])
        self.loader_gen.set_state(s["loader_rng"])

    def train_until(self, last_epoch):
        while self.epoch < last_epoch:
            self.model.train()
            for x, y in self.loader:
                self.opt.zero_grad()
                self.loss_fn(self.model(x), y).backward()
                self.opt.step()
            self.sched.step()
            self.epoch += 1
            v = self.validate()
            self.best = min(self.best, v)
            print(f"  epoch {self.epoch}: val {v:.4f} best {self.best:.4f}")

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        return self.loss_fn(self.model(self.val[0]), self.val[1]).item()


def main():
    train, val = get_data()
    print("uninterrupted")
    full = Run(train, val)
    full.train_until(EPOCHS)
    with tempfile.TemporaryDirectory() as d:
        path = Path(d) / "last.pt"
        print("first half")
        part = Run(train, val)
        part.train_until(3)
        part.save(path)
        del part
        print("resumed")
        resumed = Run(train, val)
        resumed.load(path)
        resumed.train_until(EPOCHS)
    same = all(torch.equal(a, b) for a, b in zip(full.model.state_dict().values(), resumed.model.state_dict().values()))
    print("identical weights:", same)
    assert same and full.best == resumed.best


if __name__ == "__main__":
    main()
