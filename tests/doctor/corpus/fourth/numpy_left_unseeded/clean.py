import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

BASE = {"seed": 42, "epochs": 15, "batch_size": 16, "lr": 0.01, "hidden": 16}
EXPERIMENTS = {
    "small": {"hidden": 8},
    "base": {},
    "wide": {"hidden": 64},
    "slow": {"lr": 0.003},
}


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def load_table():
    g = torch.Generator().manual_seed(2024)
    x = torch.randn(240, 7, generator=g)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + 0.8 * torch.randn(240, generator=g) > 0).long()
    return x, y


def split(x, y, fraction=0.75):
    order = torch.from_numpy(np.random.permutation(len(x)))
    cut = int(fraction * len(x))
    return TensorDataset(x[order[:cut]], y[order[:cut]]), TensorDataset(x[order[cut:]], y[order[cut:]])


class Trainer:
    def __init__(self, config):
        self.config = config
        set_seed(config["seed"])
        x, y = load_table()
        train_set, val_set = split(x, y)
        self.train_loader = DataLoader(train_set, batch_size=config["batch_size"], shuffle=True)
        self.val_loader = DataLoader(val_set, batch_size=60)
        self.net = nn.Sequential(nn.Linear(x.shape[1], config["hidden"]), nn.ReLU(), nn.Linear(config["hidden"], 2))
        self.loss = nn.CrossEntropyLoss()
        self.opt = torch.optim.Adam(self.net.parameters(), lr=config["lr"])

    def fit(self):
        for _ in range(self.config["epochs"]):
            self.net.train()
            for xb, yb in self.train_loader:
                self.opt.zero_grad()
                self.loss(self.net(xb), yb).backward()
                self.opt.step()
        return self.score()

    def score(self):
        self.net.eval()
        hits = 0
        with torch.no_grad():
            for xb, yb in self.val_loader:
                hits += (self.net(xb).argmax(dim=1) == yb).sum().item()
        return hits / len(self.val_loader.dataset)


def main():
    results = {name: Trainer({**BASE, **change}).fit() for name, change in EXPERIMENTS.items()}
    for name, acc in sorted(results.items(), key=lambda kv: -kv[1]):
        print(f"{name:6s} validation accuracy {acc:.3f}")
    again = Trainer(BASE).fit()
    print(f"base repeated: {again:.3f} (first run {results['base']:.3f})")


if __name__ == "__main__":
    main()
