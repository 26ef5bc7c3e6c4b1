from types import SimpleNamespace

import torch
from torch import nn

cfg = SimpleNamespace(epochs=16, lr=0.1, bs=40, seed=109)
torch.manual_seed(cfg.seed)
x = torch.randn(480, 8)
y = (x.abs().sum(1) > 6.4).long()
net = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 2))
opt = torch.optim.SGD(net.parameters(), lr=cfg.lr, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=cfg.epochs)
for epoch in range(cfg.epochs):
    net.train()
    for i in torch.randperm(400).split(cfg.bs):
        opt.zero_grad()
        nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
    sched.step()
net.eval()
with torch.no_grad():
    print(sched.get_last_lr(), (net(x[400:]).argmax(1) == y[400:]).float().mean().item())
