"""Research-code style: random rotations in training, averaged rotations (TTA) at test time, k training runs."""
import argparse
import random
import statistics

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def parse():
    p = argparse.ArgumentParser()
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--epochs', type=int, default=5)
    p.add_argument('--bs', type=int, default=50)
    p.add_argument('--lr', type=float, default=0.1)
    p.add_argument('--no-tta', dest='tta', action='store_false')
    return p.parse_args()


def fix(seed):
    random.seed(seed); np.random.seed(seed); torch.manual_seed(seed)


def tiles(n, seed):
    """class = how many bright corners (0..3) of a 10x10 tile; rotations and flips keep the class"""
    rs = np.random.RandomState(seed)
    y = rs.randint(0, 4, n)
    x = rs.normal(0, .35, (n, 1, 10, 10))
    for i in range(n):
        for c in rs.permutation(4)[:y[i]]:
            r0, c0 = (c // 2) * 7, (c % 2) * 7
            x[i, 0, r0:r0 + 3, c0:c0 + 3] += 0.9
    return torch.tensor(x, dtype=torch.float), torch.tensor(y)


def random_d4(x):
    """each image gets its own element of the symmetry group of the square"""
    k, f = torch.randint(4, (len(x),)), torch.rand(len(x)) < .5
    out = torch.empty_like(x)
    for r in range(4):
        sel = k == r
        out[sel] = torch.rot90(x[sel], r, (2, 3))
    out[f] = out[f].flip(3)
    return out


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3)
        self.b1 = nn.BatchNorm2d(12)
        self.c2 = nn.Conv2d(12, 16, 3)
        self.b2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16 * 3 * 3, 4)

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.relu(self.b2(self.c2(x)))
        x = F.max_pool2d(x, 2)
        return self.fc(x.flatten(1))


@torch.no_grad()
def evaluate(net, x, y, tta):
    net.eval()
    views = [x]
    if tta:
        views = [torch.rot90(v, r, (2, 3)) for v in (x, x.flip(3)) for r in range(4)]
    prob = sum(F.softmax(net(v), 1) for v in views) / len(views)
    return (prob.argmax(1) == y).float().mean().item() * 100


def one_run(seed, opt, train, test):
    fix(seed)
    net = Net()
    sgd = torch.optim.SGD(net.parameters(), opt.lr, momentum=.9, nesterov=True, weight_decay=5e-4)
    steps = opt.epochs * (len(train[0]) // opt.bs)
    sched = torch.optim.lr_scheduler.OneCycleLR(sgd, opt.lr, total_steps=steps, pct_start=.2)
    for ep in range(opt.epochs):
        net.train()
        perm = torch.randperm(len(train[0]))
        for b in range(len(train[0]) // opt.bs):
            idx = perm[b * opt.bs:(b + 1) * opt.bs]
            loss = F.cross_entropy(net(random_d4(train[0][idx])), train[1][idx], label_smoothing=.05)
            for p in net.parameters():
                p.grad = None
            loss.backward()
            sgd.step()
            sched.step()
    return evaluate(net, *test, tta=False), evaluate(net, *test, tta=opt.tta)


if __name__ == '__main__':
    opt = parse()
    train, test = tiles(600, 1), tiles(400, 2)
    assert len(train[0]) % opt.bs == 0
    plain, multi = zip(*(one_run(s, opt, train, test) for s in range(opt.runs)))
    # nothing is selected on the test set: all runs are reported
    for name, v in (('plain', plain), ('tta', multi)):
        spread = statistics.stdev(v) if len(v) > 1 else 0.0
        print(f'{name}: {statistics.mean(v):.2f} +- {spread:.2f}  {[round(a, 2) for a in v]}')
