"""Stops after half the epochs and resumes from a file: the losses equal those of an unbroken run."""
import os
import random
import tempfile

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def seed_all(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


def build():
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1e-2, total_steps=6 * 10)
    return net, opt, sched


def save(path, epoch, net, opt, sched, log):
    tmp = path + ".tmp"
    torch.save({"epoch": epoch, "net": net.state_dict(), "opt": opt.state_dict(), "sched": sched.state_dict(), "log": log,
                "rng": (random.getstate(), np.random.get_state(), torch.get_rng_state())}, tmp)
    os.replace(tmp, path)


def load(path, net, opt, sched):
    c = torch.load(path, map_location="cpu", weights_only=False)     # our own file, it holds Python objects
    net.load_state_dict(c["net"])
    opt.load_state_dict(c["opt"])
    sched.load_state_dict(c["sched"])
    py, nps, th = c["rng"]
    random.setstate(py)
    np.random.set_state(nps)
    torch.set_rng_state(th)
    return c["epoch"] + 1, c["log"]


def train(x, y, path, stop=None, epochs=6):
    net, opt, sched = build()
    first, log = (load(path, net, opt, sched) if os.path.exists(path) else (0, []))
    for epoch in range(first, epochs):
        net.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(50):
            noise = torch.from_numpy(np.random.normal(0, 0.05, (len(idx), 8)).astype(np.float32))
            loss = F.mse_loss(net(x[idx] + noise), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item() * len(idx)
        log.append(total / len(x))
        save(path, epoch, net, opt, sched, log)
        if epoch == stop:
            break
    return log


seed_all(0)
x = torch.randn(500, 8)
y = x[:, :1] * x[:, 1:2] + 0.1 * torch.randn(500, 1)
with tempfile.TemporaryDirectory() as d:
    seed_all(1)
    whole = train(x, y, os.path.join(d, "a.pt"))
    seed_all(1)
    train(x, y, os.path.join(d, "b.pt"), stop=2)
    seed_all(12345)                                                  # another process would start elsewhere
    resumed = train(x, y, os.path.join(d, "b.pt"))
print(["%.4f" % v for v in whole])
assert whole == resumed
print("the resumed run is identical")
