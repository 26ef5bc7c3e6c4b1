import torch
import torch.nn as nn
import torch.nn.functional as F


class Heteroscedastic(nn.Module):
    """Returns the mean and the standard deviation at each x."""

    def __init__(self, h=40):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh())
        self.mu = nn.Linear(h, 1)
        self.raw = nn.Linear(h, 1)

    def forward(self, x):
        z = self.body(x)
        return self.mu(z), F.softplus(self.raw(z)) + 1e-3


def truth(n, g):
    x = torch.rand(n, 1, generator=g) * 4 - 2
    sd = 0.1 + 0.2 * (x + 2)
    return x, torch.sin(2 * x) + sd * torch.randn(n, 1, generator=g)


class Fitter:
    def __init__(self, model, lr=5e-3):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.sched = torch.optim.lr_scheduler.ExponentialLR(self.opt, 0.97)
        self.nll = nn.GaussianNLLLoss()

    def epoch(self, x, y, bs=50):
        self.model.train()
        for i in torch.randperm(len(x)).split(bs):
            mean, std = self.model(x[i])
            loss = self.nll(mean, y[i], std.square())
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
        self.sched.step()


@torch.no_grad()
def coverage(model, x, y):
    model.eval()
    mean, std = model(x)
    return ((y - mean).abs() <= 1.96 * std).float().mean().item()


torch.manual_seed(37)
g = torch.Generator().manual_seed(37)
x, y = truth(1000, g)
xt, yt = truth(1000, g)
fitter = Fitter(Heteroscedastic())
for _ in range(60):
    fitter.epoch(x, y)
print("coverage of the 95%% interval: %.3f" % coverage(fitter.model, xt, yt))
