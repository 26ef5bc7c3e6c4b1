import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)


class Residual(nn.Module):
    def __init__(self, d, p):
        super().__init__()
        self.body = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, d), nn.GELU(), nn.Dropout(p), nn.Linear(d, d))

    def forward(self, x):
        return x + self.body(x)


class Deep(nn.Module):
    def __init__(self, d=32, depth=6, p=0.1, save_memory=True):
        super().__init__()
        self.inp, self.out = nn.Linear(2, d), nn.Linear(d, 2)
        self.blocks = nn.ModuleList(Residual(d, p) for _ in range(depth))
        self.save_memory = save_memory

    def forward(self, x):
        x = self.inp(x)
        for b in self.blocks:
            if self.save_memory and self.training:
                # the random state is kept, so the second pass drops the same units
                x = checkpoint(b, x, use_reentrant=False)
            else:
                x = b(x)
        return self.out(x)


def grads(net, x, y, seed):
    torch.manual_seed(seed)
    net.zero_grad()
    F.cross_entropy(net(x), y).backward()
    return [p.grad.clone() for p in net.parameters()]


def spirals(n):
    y = torch.randint(2, (n,))
    r = torch.rand(n)
    a = 6 * r + 3.14159 * y
    return torch.stack([r * a.cos(), r * a.sin()], 1) * 2 + 0.03 * torch.randn(n, 2), y


net = Deep().train()
x, y = spirals(64)
with_cp = grads(net, x, y, 1)
net.save_memory = False
without = grads(net, x, y, 1)
net.save_memory = True
assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(with_cp, without))

(xt, yt), (xv, yv) = spirals(1000), spirals(300)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(8):
    net.train()
    for i in torch.randperm(len(xt)).split(100):
        opt.zero_grad()
        F.cross_entropy(net(xt[i]), yt[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(f"epoch {epoch} val acc {(net(xv).argmax(1) == yv).float().mean().item():.3f}")
