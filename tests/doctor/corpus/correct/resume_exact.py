"""Interrupt and resume: the resumed run ends with the same bits as an uninterrupted one."""
import argparse
import os
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    """y = sin(3a) + b^2; inputs are jittered on the fly with numpy, as augmentation (training only)."""

    def __init__(self, n, seed, jitter):
        rng = np.random.default_rng(seed)
        self.x = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
        self.y = (np.sin(3 * self.x[:, :1]) + self.x[:, 1:] ** 2).astype(np.float32)
        self.jitter = jitter

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = self.x[i]
        if self.jitter:
            x = x + np.random.normal(0, self.jitter, x.shape).astype(np.float32)
        return x, self.y[i]


def rng_state():
    return {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()}


def set_rng_state(s):
    random.setstate(s["python"])
    np.random.set_state(s["numpy"])
    torch.set_rng_state(s["torch"])


def save(path, **items):
    tmp = path.with_suffix(".tmp")
    torch.save(items, tmp)
    os.replace(tmp, path)              # never leaves half a file behind


def build(args):
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.05), nn.Linear(32, 1))
    opt = optim.Adam(model.parameters(), lr=args.lr)
    sched = optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
    return model, opt, sched


def validate(model, loader):
    model.eval()
    with torch.no_grad():
        se = sum(((model(x) - y) ** 2).sum().item() for x, y in loader)
    return (se / len(loader.dataset)) ** 0.5      # root of the mean over all samples


def train(args, folder, stop_after=None, resume=False):
    random.seed(args.seed); np.random.seed(args.seed); torch.manual_seed(args.seed)
    ckpt = folder / "last.pt"
    tr = DataLoader(Noisy(400, 1, 0.02), args.batch, shuffle=True)
    va = DataLoader(Noisy(150, 2, 0.0), args.batch)
    model, opt, sched = build(args)
    start = 0
    if resume and ckpt.exists():
        # our own file, and it holds numpy and python random states: so weights_only=False
        c = torch.load(ckpt, weights_only=False)
        model.load_state_dict(c["model"])
        opt.load_state_dict(c["opt"])
        sched.load_state_dict(c["sched"])
        start = c["epoch"] + 1
        set_rng_state(c["rng"])        # last of all: building the model has drawn numbers
    for epoch in range(start, args.epochs):
        model.train()
        for x, y in tr:
            opt.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            opt.step()
        sched.step()
        rmse = validate(model, va)
        save(ckpt, model=model.state_dict(), opt=opt.state_dict(), sched=sched.state_dict(), epoch=epoch, rng=rng_state())
        print(f"  epoch {epoch} rmse {rmse:.4f} next lr {sched.get_last_lr()[0]:.5f}")
        if stop_after is not None and epoch + 1 == stop_after:
            return None
    return {k: v.clone() for k, v in model.state_dict().items()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=1e-2)
    p.add_argument("--seed", type=int, default=5)
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        print("without a break")
        whole = train(args, Path(a))
        print("killed after epoch 2, then resumed")
        train(args, Path(b), stop_after=3)
        parts = train(args, Path(b), resume=True)
    same = all(torch.equal(whole[k], parts[k]) for k in whole)
    print("identical:", same)
    assert same


if __name__ == "__main__":
    main()
