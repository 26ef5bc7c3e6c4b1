import torch
import torch.nn as nn


def series(n, g):
    """Short random walks with a rare huge jump in the target."""
    x = torch.randn(n, 10, generator=g)
    y = x.mean(1, keepdim=True) * 3 + 0.2 * torch.randn(n, 1, generator=g)
    jump = torch.rand(n, 1, generator=g) < 0.02
    return x, torch.where(jump, y + 400.0, y)


def limit_gradients(params, bound):
    for p in params:
        if p.grad is not None:
            p.grad.clamp_(-bound, bound)


class Learner:
    def __init__(self, bound):
        self.net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
        self.opt = torch.optim.SGD(self.net.parameters(), lr=5e-3)
        self.bound = bound

    def update(self, x, y):
        loss = (self.net(x) - y).square().mean()
        self.opt.zero_grad()
        loss.backward()
        limit_gradients(self.net.parameters(), self.bound)
        self.opt.step()
        return loss.item()

    def median_error(self, x, y):
        self.net.eval()
        with torch.no_grad():
            e = (self.net(x) - y).abs().median().item()
        self.net.train()
        return e


torch.manual_seed(35)
g = torch.Generator().manual_seed(35)
x, y = series(1500, g)
xt, yt = series(500, g)
learner = Learner(bound=1.0)
for epoch in range(12):
    for b in torch.randperm(len(x)).split(30):
        learner.update(x[b], y[b])
    if epoch % 4 == 3:
        print("epoch", epoch + 1, "median test error %.3f" % learner.median_error(xt, yt))
