import torch
import torch.nn as nn
import torch.nn.functional as F


class TwoTaskNet(nn.Module):
    def __init__(self, d_in=12, width=40):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(d_in, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
        )
        self.head_a = nn.Linear(width, 3)
        self.head_b = nn.Linear(width, 2)

    def forward(self, x, task):
        h = self.backbone(x)
        return self.head_a(h) if task == "a" else self.head_b(h)


def make_a(n):
    x = torch.randn(n, 12)
    return x, (x[:, :2] > 0).sum(1)


def make_b(n):
    x = 3 * torch.randn(n, 12) + 4
    return x, (x[:, 0] + x[:, 1] > 8).long()


def run_epoch(net, opt, x, y, task, bs=50):
    for idx in torch.randperm(len(x)).split(bs):
        opt.zero_grad()
        F.cross_entropy(net(x[idx], task), y[idx]).backward()
        opt.step()


def fit_base(net, x, y, epochs=10):
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    net.train()
    for _ in range(epochs):
        run_epoch(net, opt, x, y, "a")


def fit_new_head(net, x, y, epochs=10):
    for p in net.parameters():
        p.requires_grad_(False)
    for p in net.head_b.parameters():
        p.requires_grad_(True)
    opt = torch.optim.Adam(net.head_b.parameters(), lr=5e-3)
    net.train()
    for _ in range(epochs):
        run_epoch(net, opt, x, y, "b")


@torch.no_grad()
def score(net, x, y, task):
    net.eval()
    return (net(x, task).argmax(1) == y).float().mean().item()


torch.manual_seed(5)
xa, ya = make_a(1000)
xb, yb = make_b(600)
xa_test, ya_test = make_a(400)
xb_test, yb_test = make_b(400)

net = TwoTaskNet()
fit_base(net, xa, ya)
print("task a", score(net, xa_test, ya_test, "a"))
fit_new_head(net, xb, yb)
print("task a", score(net, xa_test, ya_test, "a"), "task b", score(net, xb_test, yb_test, "b"))
