import torch
import torch.nn as nn
import torch.nn.functional as F


def spirals(n, g):
    t = torch.rand(n, generator=g) * 9 + 1
    c = torch.randint(0, 2, (n,), generator=g)
    a = t + c * 3.14159
    xy = torch.stack([t * a.cos(), t * a.sin()], 1) / 10
    return xy + 0.02 * torch.randn(n, 2, generator=g), c


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.history = []

    def one_epoch(self, batches):
        self.model.train()
        losses = []
        for x, y in batches:
            self.opt.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.opt.step()
            losses.append(loss.item())
        if losses:
            self.history.append(sum(losses) / len(losses))

    def fit(self, batches, epochs, x_val, y_val):
        for e in range(1, epochs + 1):
            self.one_epoch(batches)
            if e % 10 == 0:
                print(f"{e:3d} train {self.history[-1]:.4f} val acc {self.accuracy(x_val, y_val):.3f}")

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(-1) == y).float().mean().item()


g = torch.Generator().manual_seed(2)
torch.manual_seed(2)
x, y = spirals(600, g)
x_val, y_val = spirals(300, g)
mlp = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
pairs = zip(x.split(40), y.split(40))
Trainer(mlp, 1e-2).fit(pairs, 40, x_val, y_val)
