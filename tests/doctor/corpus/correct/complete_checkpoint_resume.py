import os
import random
import tempfile
import numpy as np
import torch
from torch import nn


def build():
    net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=6)
    return net, opt, sched


def run(net, opt, sched, x, y, start, stop):
    for epoch in range(start, stop):
        net.train()
        for i in torch.randperm(len(x)).split(20):
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(x[i]), y[i])
            loss.backward()
            opt.step()
        sched.step()
    return loss.item()


random.seed(4), np.random.seed(4), torch.manual_seed(4)
x = torch.randn(200, 5)
y = x[:, :1] * 2
net, opt, sched = build()
run(net, opt, sched, x, y, 0, 3)
with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "ckpt.pt")
    torch.save({"epoch": 3, "net": net.state_dict(), "opt": opt.state_dict(), "sched": sched.state_dict(), "rng": torch.get_rng_state()}, path)
    straight = run(net, opt, sched, x, y, 3, 6)
    net, opt, sched = build()
    c = torch.load(path)
    net.load_state_dict(c["net"])
    opt.load_state_dict(c["opt"])
    sched.load_state_dict(c["sched"])
    torch.set_rng_state(c["rng"])
    print(straight, run(net, opt, sched, x, y, c["epoch"], 6))
