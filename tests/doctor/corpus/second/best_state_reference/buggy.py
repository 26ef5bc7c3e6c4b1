from dataclasses import dataclass, field

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class BestKeeper:
    value: float = float("inf")
    epoch: int = -1
    weights: dict = field(default_factory=dict)

    def offer(self, value, epoch, model):
        if value < self.value:
            self.value, self.epoch = value, epoch
            self.weights = model.state_dict()
            return True
        return False


def make(n, g):
    x = torch.rand(n, 1, generator=g) * 6 - 3
    return TensorDataset(x, torch.sin(2 * x) + 0.4 * torch.randn(n, 1, generator=g))


def mse(model, ds):
    model.eval()
    with torch.no_grad():
        x, y = ds.tensors
        return nn.functional.mse_loss(model(x), y).item()


def run(epochs=120):
    g = torch.Generator().manual_seed(6)
    torch.manual_seed(6)
    train, val, test = make(40, g), make(80, g), make(400, g)
    model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    keeper = BestKeeper()
    for epoch in range(epochs):
        model.train()
        for x, y in DataLoader(train, batch_size=10, shuffle=True):
            loss = nn.functional.mse_loss(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        keeper.offer(mse(model, val), epoch, model)
    print("last epoch: test", mse(model, test))
    model.load_state_dict(keeper.weights)
    print("best epoch", keeper.epoch, "val", keeper.value, "val again", mse(model, val), "test", mse(model, test))


run()
