"""Interruptible training: stop after some epochs, pick the same run up again from disk."""
import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def make_data(n=1200, seed=11):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 10, generator=g)
    y = torch.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.05 * torch.randn(n, generator=g)
    full = TensorDataset(x, y.unsqueeze(1))
    return torch.utils.data.random_split(full, [1000, 200], generator=g)


class Run:
    def __init__(self, path, lr=3e-3):
        self.path = path
        self.net = nn.Sequential(nn.Linear(10, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
        self.optim = torch.optim.AdamW(self.net.parameters(), lr=lr, weight_decay=1e-2)
        self.epoch = 0
        self.loss = nn.MSELoss()
        train, val = make_data()
        self.train_dl = DataLoader(train, batch_size=50, shuffle=True)
        self.val_dl = DataLoader(val, batch_size=200)

    def save(self):
        state = {"net": self.net.state_dict(), "optim": self.optim.state_dict(), "epoch": self.epoch}
        torch.save(state, self.path)

    def maybe_resume(self):
        if not os.path.exists(self.path):
            return
        state = torch.load(self.path, map_location="cpu")
        self.net.load_state_dict(state["net"])
        self.epoch = state["epoch"]
        print(f"resumed at epoch {self.epoch}")

    def validate(self):
        self.net.eval()
        total = 0.0
        with torch.no_grad():
            for xb, yb in self.val_dl:
                total += self.loss(self.net(xb), yb).item() * len(xb)
        return total / len(self.val_dl.dataset)

    def fit(self, until):
        self.maybe_resume()
        while self.epoch < until:
            self.net.train()
            for xb, yb in self.train_dl:
                self.optim.zero_grad()
                self.loss(self.net(xb), yb).backward()
                self.optim.step()
            self.epoch += 1
            self.save()
            print(f"epoch {self.epoch:2d}  val mse {self.validate():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as tmp:
        ckpt = os.path.join(tmp, "run.pt")
        Run(ckpt).fit(until=4)   # the job's time slot ends here
        Run(ckpt).fit(until=8)
