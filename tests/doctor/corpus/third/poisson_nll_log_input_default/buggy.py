"""Count regression: number of calls per hour."""
import math
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def calls(n, g):
    hour = 24 * torch.rand(n, generator=g)
    weekend = (torch.rand(n, generator=g) < 2 / 7).float()
    rate = (6 + 5 * torch.sin((hour - 8) * math.pi / 12)) * (1 - 0.6 * weekend)
    phase = hour * math.pi / 12
    x = torch.stack([phase.sin(), phase.cos(), weekend], dim=1)
    return TensorDataset(x, torch.poisson(rate, generator=g), rate)


class RateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return nn.functional.softplus(self.net(x)).squeeze(1)


class Runner:
    def __init__(self, model, loss, lr):
        self.model, self.loss = model, loss
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)

    def fit(self, loader, epochs):
        self.model.train()
        for _ in range(epochs):
            for x, count, _ in loader:
                self.opt.zero_grad()
                self.loss(self.model(x), count).backward()
                self.opt.step()
        return self

    @torch.no_grad()
    def report(self, loader):
        self.model.eval()
        out = [(self.model(x), rate) for x, _, rate in loader]
        pred, rate = (torch.cat(t) for t in zip(*out))
        return pred.mean().item(), rate.mean().item(), (pred - rate).abs().mean().item()


g = torch.Generator().manual_seed(0)
torch.manual_seed(0)
train_set, test_set = random_split(calls(2000, g), [1500, 500], generator=g)
runner = Runner(RateNet(), nn.PoissonNLLLoss(), lr=0.01)
runner.fit(DataLoader(train_set, 50, shuffle=True), 15)
print("mean prediction %.2f, mean rate %.2f, mae %.2f" % runner.report(DataLoader(test_set, 250)))
