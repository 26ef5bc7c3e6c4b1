"""Class-incremental learning with a reservoir buffer (dark experience replay): stored logits are targets too."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

random.seed(0)
torch.manual_seed(0)


class Reservoir:
    def __init__(self, size):
        self.size, self.seen, self.items = size, 0, []

    def add(self, xs, ys, zs):
        for item in zip(xs.clone(), ys.clone(), zs.detach().clone()):
            if len(self.items) < self.size:
                self.items.append(item)
            else:
                j = random.randint(0, self.seen)         # both ends count: seen + 1 positions
                if j < self.size:
                    self.items[j] = item
            self.seen += 1

    def sample(self, n):
        return tuple(map(torch.stack, zip(*random.sample(self.items, min(n, len(self.items))))))


X, y = load_digits(return_X_y=True)
xa, xb, ya, yb = train_test_split(X / 16.0, y, test_size=0.3, stratify=y, random_state=0)
xa, xb = torch.tensor(xa).float(), torch.tensor(xb).float()
ya, yb = torch.tensor(ya), torch.tensor(yb)
TASKS = [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]


def of(classes, x, y):
    m = torch.isin(y, torch.tensor(classes))
    return x[m], y[m]


net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
buf = Reservoir(200)
for k, classes in enumerate(TASKS):
    x, t = of(classes, xa, ya)
    for epoch in range(4):
        net.train()
        for i in torch.randperm(len(x)).split(20):
            out = net(x[i])
            loss = F.cross_entropy(out, t[i])
            if buf.items:
                bx, _, bz = buf.sample(20)
                loss = loss + 0.3 * F.mse_loss(net(bx), bz)
                bx, by, _ = buf.sample(20)
                loss = loss + F.cross_entropy(net(bx), by)
            opt.zero_grad()
            loss.backward()
            opt.step()
            if epoch == 0:                               # each example of the stream is offered once
                buf.add(x[i], t[i], out)
    net.eval()
    with torch.no_grad():
        accs = []
        for c in TASKS[:k + 1]:
            ex, et = of(c, xb, yb)
            accs.append((net(ex).argmax(1) == et).float().mean().item())
    print("after task", k, " ".join(f"{a:.2f}" for a in accs))
