"""Add a second head to a trained network; trunk and first head stay as they are in production."""
import torch
from torch import nn
from torch.nn import functional as F


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(),
        )
        self.head_a = nn.Linear(32, 2)
        self.head_b = nn.Linear(32, 2)

    def forward(self, x, head):
        z = self.trunk(x)
        return self.head_a(z) if head == "a" else self.head_b(z)


def domain(n, shift, rule):
    x = torch.randn(n, 10) + shift
    return x, rule(x).long()


@torch.no_grad()
def accuracy(net, head, x, y):
    net.eval()
    return (net(x, head).argmax(1) == y).float().mean().item()


def train_head(net, head, x, y, params, epochs, frozen_trunk):
    opt = torch.optim.Adam(params, lr=3e-3)
    for _ in range(epochs):
        net.train()
        if frozen_trunk:
            net.trunk.eval()
        for i in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(net(x[i], head), y[i]).backward()
            opt.step()
    print(f"head {head} trained, trunk frozen: {frozen_trunk}")


torch.manual_seed(77)
rule_a = lambda x: x[:, 0] + x[:, 1] > 0
rule_b = lambda x: x[:, 0] + x[:, 1] > 1.0
xa, ya = domain(1000, 0.0, rule_a)
xa_test, ya_test = domain(400, 0.0, rule_a)
xb, yb = domain(600, 0.5, rule_b)
xb_test, yb_test = domain(400, 0.5, rule_b)

net = TwoHeads()
train_head(net, "a", xa, ya, [*net.trunk.parameters(), *net.head_a.parameters()], 6, frozen_trunk=False)
print("task a:", accuracy(net, "a", xa_test, ya_test))

for p in [*net.trunk.parameters(), *net.head_a.parameters()]:
    p.requires_grad_(False)
train_head(net, "b", xb, yb, net.head_b.parameters(), 20, frozen_trunk=True)
print("task b:", accuracy(net, "b", xb_test, yb_test))
print("task a after adding b:", accuracy(net, "a", xa_test, ya_test))
