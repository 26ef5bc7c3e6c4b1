import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Res(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.n1 = nn.GroupNorm(4, c)
        self.c2 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.n2 = nn.GroupNorm(4, c)

    def forward(self, x):
        h = torch.relu(self.n1(self.c1(x)))
        return torch.relu(x + self.n2(self.c2(h)))


class Net(nn.Module):
    def __init__(self, c=8, depth=3, classes=4, recompute=True):
        super().__init__()
        self.recompute = recompute
        self.stem = nn.Conv2d(1, c, 3, padding=1)
        self.layers = nn.ModuleList()
        for _ in range(depth):
            self.layers.append(Res(c))
        self.out = nn.Linear(c, classes)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            if self.recompute and self.training:
                x = checkpoint(layer, x, use_reentrant=False)
            else:
                x = layer(x)
        return self.out(x.mean(dim=(2, 3)))


def quadrant_images(n, g):
    y = torch.randint(0, 4, (n,), generator=g)
    x = torch.randn(n, 1, 8, 8, generator=g) * 0.3
    for i, q in enumerate(y.tolist()):
        r, c = divmod(q, 2)
        x[i, 0, r * 4:r * 4 + 4, c * 4:c * 4 + 2 + 2 * r] += 1
    return x, y


g = torch.Generator().manual_seed(9)
torch.manual_seed(9)
xtr, ytr = quadrant_images(256, g)
xte, yte = quadrant_images(64, g)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=3)
for epoch in range(3):
    net.train()
    for idx in torch.randperm(len(xtr), generator=g).split(32):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
    sched.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(xte).argmax(1) == yte).float().mean().item())
