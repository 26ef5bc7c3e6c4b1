import copy
import math

import torch
import torch.nn as nn


def wave(n, noise, g):
    t = torch.rand(n, 1, generator=g) * 2 * math.pi
    y = torch.sin(2 * t) + noise * torch.randn(n, 1, generator=g)
    return t / math.pi - 1, y


class Regressor:
    """Keeps the network of the epoch with the lowest validation error."""

    def __init__(self, width=64, lr=1e-2, max_epochs=500, eval_every=5):
        self.model = nn.Sequential(
            nn.Linear(1, width), nn.Tanh(),
            nn.Linear(width, width), nn.Tanh(),
            nn.Linear(width, 1),
        )
        self.lr = lr
        self.max_epochs = max_epochs
        self.eval_every = eval_every
        self.best_val = float("inf")
        self.best_model = None
        self.best_epoch = 0

    def _mse(self, net, x, y):
        net.eval()
        with torch.no_grad():
            return (net(x) - y).pow(2).mean().item()

    def fit(self, train, val):
        (x, y), (xv, yv) = train, val
        opt = torch.optim.Adam(self.model.parameters(), lr=self.lr)
        for epoch in range(1, self.max_epochs + 1):
            self.model.train()
            for idx in torch.randperm(len(x)).split(8):
                opt.zero_grad()
                loss = (self.model(x[idx]) - y[idx]).pow(2).mean()
                loss.backward()
                opt.step()
            if epoch % self.eval_every:
                continue
            current = self._mse(self.model, xv, yv)
            if current < self.best_val:
                self.best_val, self.best_epoch = current, epoch
                self.best_model = copy.deepcopy(self.model)
        return self

    def test(self, x, y):
        return self._mse(self.best_model, x, y)


if __name__ == "__main__":
    torch.manual_seed(1)
    g = torch.Generator().manual_seed(2)
    train, val, test = wave(20, 0.5, g), wave(80, 0.5, g), wave(400, 0.5, g)
    reg = Regressor().fit(train, val)
    print(f"best epoch {reg.best_epoch}, val {reg.best_val:.4f}")
    print(f"test mse of the kept network {reg.test(*test):.4f}")
