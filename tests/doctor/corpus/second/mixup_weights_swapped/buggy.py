import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.distributions import Beta


class Mixup:
    def __init__(self, alpha):
        self.beta = Beta(alpha, alpha)

    def __call__(self, x, y):
        lam = self.beta.sample().item()
        lam = max(lam, 1 - lam)
        perm = torch.randperm(len(x))
        return lam * x + (1 - lam) * x[perm], (y, y[perm], lam)


class MixLoss(nn.Module):
    def forward(self, logits, target):
        y_a, y_b, lam = target
        return (1 - lam) * F.cross_entropy(logits, y_a) + lam * F.cross_entropy(logits, y_b)


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 16, 3, padding=1)
        self.c2 = nn.Conv2d(16, 16, 3, padding=1)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.fc(x.flatten(1))


@torch.no_grad()
def evaluate(net, x, y):
    net.eval()
    z = net(x)
    return F.cross_entropy(z, y).item(), (z.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(32)
    d = load_digits()
    i = torch.randperm(len(d.target))
    x = torch.tensor(d.images).float().unsqueeze(1)[i] / 16
    y = torch.tensor(d.target)[i]
    x, xt, y, yt = x[:1300], x[1300:], y[:1300], y[1300:]
    net, mix, loss_fn = Conv(), Mixup(0.4), MixLoss()
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    for epoch in range(8):
        net.train()
        for b in torch.randperm(len(x)).split(65):
            xb, target = mix(x[b], y[b])
            opt.zero_grad()
            loss_fn(net(xb), target).backward()
            opt.step()
        print("epoch %d: test loss %.3f accuracy %.3f" % (epoch, *evaluate(net, xt, yt)))


main()
