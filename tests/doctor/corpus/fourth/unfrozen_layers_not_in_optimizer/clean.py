from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.trunk = nn.Sequential(OrderedDict([
            ("l1", nn.Linear(20, 40)), ("a1", nn.ReLU()),
            ("l2", nn.Linear(40, 20)), ("a2", nn.ReLU()),
        ]))
        self.head = nn.Linear(20, n_out)

    def forward(self, x):
        return self.head(self.trunk(x))


class FineTuner:
    """First the head alone, then everything with a smaller rate in the trunk."""

    def __init__(self, net, head_lr=1e-2, trunk_lr=2e-3, unfreeze_at=5):
        self.net = net
        self.head_lr, self.trunk_lr = head_lr, trunk_lr
        self.unfreeze_at = unfreeze_at
        self._trunk_grad(False)
        trainable = [p for p in net.parameters() if p.requires_grad]
        self.opt = torch.optim.Adam(trainable, lr=head_lr)
        self.log = []

    def _trunk_grad(self, flag):
        for p in self.net.trunk.parameters():
            p.requires_grad = flag

    def _before_epoch(self, epoch):
        if epoch == self.unfreeze_at:
            self._trunk_grad(True)
            self.opt.add_param_group({"params": self.net.trunk.parameters(), "lr": self.trunk_lr})

    def _epoch(self, x, y):
        self.net.train()
        for idx in torch.randperm(len(x)).split(25):
            self.opt.zero_grad()
            F.cross_entropy(self.net(x[idx]), y[idx]).backward()
            self.opt.step()

    def accuracy(self, x, y):
        self.net.eval()
        with torch.no_grad():
            return float((self.net(x).argmax(1) == y).float().mean())

    def fit(self, train, valid, epochs):
        for epoch in range(epochs):
            self._before_epoch(epoch)
            self._epoch(*train)
            self.log.append(self.accuracy(*valid))
        return self


def task(n, rule, gen):
    x = torch.randn(n, 20, generator=gen)
    return x, rule(x)


def source_rule(x):
    return (x[:, 0] + x[:, 1] > 0).long() + (x[:, 2] > 0).long()


def target_rule(x):
    return (x[:, 0] * x[:, 4] > 0).long() + 2 * (x[:, 2] > 0).long()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = Net(3)
    xs, ys = task(1000, source_rule, gen)
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    net.train()
    for _ in range(5):
        for idx in torch.randperm(1000).split(50):
            opt.zero_grad()
            F.cross_entropy(net(xs[idx]), ys[idx]).backward()
            opt.step()

    net.head = nn.Linear(20, 4)
    tuner = FineTuner(net)
    tuner.fit(task(500, target_rule, gen), task(300, target_rule, gen), epochs=16)
    print("validation by epoch:", " ".join(f"{a:.2f}" for a in tuner.log))
