import torch
import torch.nn as nn
import torch.nn.functional as F


def two_moons_3d(n):
    u = torch.rand(n) * 3.14
    c = torch.randint(0, 2, (n,))
    x = torch.stack([u.cos() + c, (1 - 2 * c) * u.sin(), torch.randn(n)], 1)
    return x + 0.15 * torch.randn(n, 3), c


def mlp(width, drop):
    return nn.Sequential(
        nn.Linear(3, width), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(width, width), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(width, 2),
    )


class Supervised:
    def __init__(self, net):
        self.net = net
        self.opt = torch.optim.Adam(net.parameters(), lr=5e-3)

    def objective(self, x, y):
        return F.cross_entropy(self.net(x), y)

    def run(self, x, y, epochs):
        self.net.train()
        for _ in range(epochs):
            for k in torch.randperm(len(x)).split(40):
                self.opt.zero_grad()
                self.objective(x[k], y[k]).backward()
                self.opt.step()
        return self

    def score(self, x, y):
        self.net.eval()
        with torch.no_grad():
            return (self.net(x).argmax(1) == y).float().mean().item()


class Distilled(Supervised):
    def __init__(self, net, teacher, T=2.0):
        super().__init__(net)
        self.teacher = teacher.requires_grad_(False).eval()
        self.T = T

    def objective(self, x, y):
        soft = F.log_softmax(self.teacher(x) / self.T, 1)
        mine = F.log_softmax(self.net(x) / self.T, 1)
        kd = F.kl_div(mine, soft, reduction="batchmean", log_target=True)
        return 0.7 * self.T ** 2 * kd + 0.3 * super().objective(x, y)


torch.manual_seed(90)
x, y = two_moons_3d(500)
xv, yv = two_moons_3d(400)
big = mlp(96, 0.5)
Supervised(big).run(x, y, 15)
small = Distilled(mlp(12, 0.0), big)
small.run(x, y, 15)
print("student", round(small.score(xv, yv), 4))
print("teacher", round(Supervised(big).score(xv, yv), 4))
