import torch
import torch.nn as nn
import torch.nn.functional as F


class Backbone(nn.Module):
    def __init__(self, n_in=16, width=48, n_out=10):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.fc = nn.Linear(width, n_out)

    def forward(self, x):
        return self.fc(self.trunk(x))


def make_task(n, k, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 16, generator=g)
    w = torch.randn(16, k, generator=g)
    return x, (x @ w).argmax(1)


def fit(net, opt, x, y, epochs):
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()


def adapt_head(net, k):
    net.fc = nn.Linear(net.fc.in_features, k)
    return net


def transfer(net, k, lr):
    opt = torch.optim.AdamW(net.parameters(), lr=lr)
    net = adapt_head(net, k)
    return net, opt


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(11)
xs, ys = make_task(800, 10, 0)
net = Backbone()
fit(net, torch.optim.AdamW(net.parameters(), lr=3e-3), xs, ys, 6)

xt, yt = make_task(500, 4, 1)
net, opt = transfer(net, 4, 1e-3)
fit(net, opt, xt[:300], yt[:300], 25)
print(f"target accuracy {accuracy(net, xt[300:], yt[300:]):.3f}")
