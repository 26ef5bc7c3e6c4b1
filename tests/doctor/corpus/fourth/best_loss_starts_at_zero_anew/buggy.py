import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn, optim


@dataclass
class Best:
    """What is remembered about the best epoch so far."""

    state: dict
    loss: float = 0.0
    epoch: int = -1

    def consider(self, loss, epoch, model):
        if loss < self.loss:
            self.loss, self.epoch = loss, epoch
            self.state = copy.deepcopy(model.state_dict())


class Ratings(nn.Module):
    """Matrix factorisation with biases."""

    def __init__(self, users, items, rank, mean):
        super().__init__()
        self.u = nn.Embedding(users, rank)
        self.v = nn.Embedding(items, rank)
        self.bu = nn.Embedding(users, 1)
        self.bv = nn.Embedding(items, 1)
        self.mean = mean
        for table in (self.u, self.v):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.bu, self.bv):
            nn.init.zeros_(table.weight)

    def forward(self, ui):
        user, item = ui.unbind(1)
        dot = (self.u(user) * self.v(item)).sum(1)
        return self.mean + dot + self.bu(user).squeeze(1) + self.bv(item).squeeze(1)


def simulate(users=60, items=80, count=3000, seed=0):
    rng = np.random.default_rng(seed)
    U, V = rng.normal(size=(users, 3)), rng.normal(size=(items, 3))
    flat = rng.choice(users * items, size=count, replace=False)
    ui = np.stack([flat // items, flat % items], axis=1)
    r = 3 + 0.6 * (U[ui[:, 0]] * V[ui[:, 1]]).sum(1) + 0.3 * rng.normal(size=count)
    return torch.from_numpy(ui), torch.from_numpy(r.astype(np.float32))


def rmse(model, ui, r):
    model.eval()
    with torch.no_grad():
        return (model(ui) - r).square().mean().sqrt().item()


def main():
    torch.manual_seed(0)
    ui, r = simulate()
    cut1, cut2 = 2200, 2600
    model = Ratings(60, 80, rank=4, mean=r[:cut1].mean().item())
    opt = optim.Adam(model.parameters(), lr=2e-2, weight_decay=1e-5)
    best = Best(copy.deepcopy(model.state_dict()))
    for epoch in range(30):
        model.train()
        for idx in torch.randperm(cut1).split(100):
            opt.zero_grad()
            loss = (model(ui[idx]) - r[idx]).square().mean()
            loss.backward()
            opt.step()
        best.consider(rmse(model, ui[cut1:cut2], r[cut1:cut2]), epoch, model)
    model.load_state_dict(best.state)
    print("best epoch", best.epoch)
    print(f"test rmse {rmse(model, ui[cut2:], r[cut2:]):.4f}")


if __name__ == "__main__":
    main()
