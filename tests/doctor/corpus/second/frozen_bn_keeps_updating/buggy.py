import torch
import torch.nn as nn


class SharedTrunk(nn.Module):
    def __init__(self, d_in, d):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d_in, d), nn.BatchNorm1d(d), nn.ReLU(), nn.Linear(d, d), nn.BatchNorm1d(d), nn.ReLU())
        self.heads = nn.ModuleDict()
        self.d = d

    def add_task(self, name, classes):
        self.heads[name] = nn.Linear(self.d, classes)

    def forward(self, x, task):
        return self.heads[task](self.trunk(x))


class Session:
    def __init__(self, net):
        self.net = net

    def learn(self, task, x, y, epochs, frozen_trunk=False):
        self.net.trunk.requires_grad_(not frozen_trunk)
        params = [p for p in self.net.trunk.parameters() if p.requires_grad] + list(self.net.heads[task].parameters())
        opt = torch.optim.Adam(params, lr=5e-3)
        for _ in range(epochs):
            self.net.train()
            for idx in torch.randperm(len(x)).split(50):
                opt.zero_grad()
                nn.functional.cross_entropy(self.net(x[idx], task), y[idx]).backward()
                opt.step()

    @torch.no_grad()
    def score(self, task, x, y):
        self.net.eval()
        return (self.net(x, task).argmax(1) == y).float().mean().item()


torch.manual_seed(16)
xa = torch.randn(600, 8)
ya = (xa[:, 0] * xa[:, 1] > 0).long()
xb = torch.randn(600, 8) * 0.5 + 2.5
yb = (xb[:, 2] > 2.5).long()

session = Session(SharedTrunk(8, 64))
session.net.add_task("first", 2)
session.learn("first", xa[:450], ya[:450], 25)
before = session.score("first", xa[450:], ya[450:])
session.net.add_task("second", 2)
session.learn("second", xb[:450], yb[:450], 10, frozen_trunk=True)
print("second", session.score("second", xb[450:], yb[450:]))
print("first before/after", before, session.score("first", xa[450:], ya[450:]))
