import tempfile
from pathlib import Path

import torch
from torch import nn


class Job:
    """Trains in short sessions, as on a queue with a time limit."""

    def __init__(self, folder, data, val, lr=2e-2, seed=3):
        torch.manual_seed(seed)
        self.path = Path(folder) / "state.pt"
        self.x, self.y = data
        self.val = val
        self.seed = seed
        self.net = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr)
        self.epoch = 0
        if self.path.exists():
            self.restore()

    def save(self):
        torch.save({"net": self.net.state_dict(), "opt": self.opt.state_dict(), "epoch": self.epoch}, self.path)

    def restore(self):
        state = torch.load(self.path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.opt.load_state_dict(state["opt"])
        self.epoch = state["epoch"]

    def one_epoch(self):
        order = torch.Generator().manual_seed(self.seed * 1000 + self.epoch)
        if self.epoch in (10, 18):
            for group in self.opt.param_groups:
                group["lr"] *= 0.2
        self.net.train()
        for idx in torch.randperm(len(self.x), generator=order).split(40):
            self.opt.zero_grad()
            loss = nn.functional.mse_loss(self.net(self.x[idx]), self.y[idx])
            loss.backward()
            self.opt.step()
        self.epoch += 1

    def evaluate(self):
        self.net.eval()
        with torch.no_grad():
            return nn.functional.mse_loss(self.net(self.val[0]), self.val[1]).item()

    def session(self, epochs):
        for _ in range(epochs):
            self.one_epoch()
        self.save()
        print(f"epoch {self.epoch:2d}: val mse {self.evaluate():.5f}")


def friction_table(n, gen):
    x = torch.rand(n, 6, generator=gen) * 2 - 1
    y = torch.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2] ** 2 - x[:, 3] * x[:, 4]
    return x, (y + 0.2 * torch.randn(n, generator=gen)).unsqueeze(1)


if __name__ == "__main__":
    gen = torch.Generator().manual_seed(1)
    train, val = friction_table(1200, gen), friction_table(400, gen)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(6):
            Job(folder, train, val).session(4)
