import random
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(6)
torch.manual_seed(6)


def pinwheel(n, arms=5):
    k = torch.arange(n) % arms
    r = torch.rand(n) * 2 + 0.2
    a = k * 6.2832 / arms + 0.6 * r + 0.12 * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin(), k.float()], dim=1)


class Stream:
    """Rows (x, y, label), in a new order each epoch."""

    def __init__(self, rows, batch):
        self.rows, self.batch = rows, batch

    def __iter__(self):
        order = list(range(len(self.rows)))
        random.shuffle(order)
        self.rows = self.rows[order]
        for chunk in self.rows.split(self.batch):
            yield chunk[:, :2], chunk[:, 2].long()


train_rows, test_rows = pinwheel(500), pinwheel(500)
net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
stream = Stream(train_rows, 25)
for epoch in range(30):
    net.train()
    for x, y in stream:
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()
net.eval()
with torch.no_grad():
    z = net(test_rows[:, :2])
    t = test_rows[:, 2].long()
print("test loss %.3f accuracy %.3f" % (F.cross_entropy(z, t), (z.argmax(1) == t).float().mean()))
