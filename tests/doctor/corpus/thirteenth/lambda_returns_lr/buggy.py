import math

import torch
import torch.nn.functional as F
from torch import nn, optim

cfg = dict(base_lr=1e-2, warmup=30, total_steps=300, batch=64, seed=0)


def warmup_cosine(step):
    if step < cfg["warmup"]:
        scale = (step + 1) / cfg["warmup"]
    else:
        p = (step - cfg["warmup"]) / (cfg["total_steps"] - cfg["warmup"])
        scale = 0.5 * (1 + math.cos(math.pi * p))
    return cfg["base_lr"] * scale


def spiral(n):
    y = torch.randint(0, 3, (n,))
    r = torch.rand(n)
    a = 4 * r + y * 2 * math.pi / 3 + 0.15 * torch.randn(n)
    return torch.stack([r * torch.cos(a), r * torch.sin(a)], 1), y


torch.manual_seed(cfg["seed"])
x, y = spiral(2000)
x_tr, y_tr, x_va, y_va = x[:1500], y[:1500], x[1500:], y[1500:]

net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
opt = optim.AdamW(net.parameters(), lr=cfg["base_lr"], weight_decay=1e-4)
sched = optim.lr_scheduler.LambdaLR(opt, lr_lambda=warmup_cosine)

for step in range(cfg["total_steps"]):
    net.train()
    idx = torch.randint(0, len(x_tr), (cfg["batch"],))
    loss = F.cross_entropy(net(x_tr[idx]), y_tr[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if (step + 1) % 60 == 0:
        net.eval()
        with torch.no_grad():
            acc = (net(x_va).argmax(1) == y_va).float().mean().item()
        print(f"step {step + 1:4d}  loss {loss.item():.3f}  val acc {acc:.3f}")
