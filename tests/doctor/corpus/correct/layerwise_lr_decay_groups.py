"""Layer-wise learning rate decay with weight decay on matrices alone, warm-up and cosine."""
import math
from collections import defaultdict

import torch
from torch import nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.ff(self.norm(x))


class Net(nn.Module):
    def __init__(self, i=10, d=32, depth=4, o=3):
        super().__init__()
        self.embed = nn.Linear(i, d)
        self.blocks = nn.ModuleList(Block(d) for _ in range(depth))
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, o)

    def forward(self, x):
        x = self.embed(x)
        for b in self.blocks:
            x = b(x)
        return self.head(self.norm(x))


def param_groups(model, base_lr, decay, wd):
    depth = len(model.blocks)
    groups = defaultdict(list)
    for name, p in model.named_parameters():
        if name.startswith("embed"):
            level = 0
        elif name.startswith("blocks"):
            level = int(name.split(".")[1]) + 1
        else:
            level = depth + 1
        groups[level, p.ndim > 1].append(p)
    out = [{"params": ps, "lr": base_lr * decay ** (depth + 1 - lvl), "weight_decay": wd if matrix else 0.0}
           for (lvl, matrix), ps in groups.items()]
    assert sum(p.numel() for g in out for p in g["params"]) == sum(p.numel() for p in model.parameters())
    return out


def warmup_cosine(warm, total):
    def factor(s):
        if s < warm:
            return (s + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (s - warm) / max(1, total - warm)))
    return factor


torch.manual_seed(0)
w1, w2 = torch.randn(10, 8), torch.randn(8, 3)
x = torch.randn(1500, 10)
y = (torch.relu(x @ w1) @ w2).argmax(1)
xt, yt, xv, yv = x[:1200], y[:1200], x[1200:], y[1200:]

net = Net()
opt = torch.optim.AdamW(param_groups(net, base_lr=5e-3, decay=0.75, wd=0.05))
epochs, bs = 10, 60
total = epochs * math.ceil(len(xt) / bs)
sched = torch.optim.lr_scheduler.LambdaLR(opt, warmup_cosine(total // 10, total))   # one function serves all groups
for e in range(epochs):
    net.train()
    for idx in torch.randperm(len(xt)).split(bs):
        loss = F.cross_entropy(net(xt[idx]), yt[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        acc = (net(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {e} val acc {acc:.3f} lr {min(sched.get_last_lr()):.2e}..{max(sched.get_last_lr()):.2e}")
