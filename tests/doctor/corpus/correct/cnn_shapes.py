"""Small CNN on synthetic shape images (square / disc / cross), argparse-driven."""
import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset


def parse_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--batch-size", type=int, default=50)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class Shapes(Dataset):
    """Images are drawn once at construction, so every epoch sees the same data set."""

    def __init__(self, n, seed, augment=False):
        rng = np.random.default_rng(seed)
        self.y = torch.from_numpy(rng.integers(0, 3, size=n))
        imgs = rng.normal(0.0, 0.3, size=(n, 1, 20, 20))
        yy, xx = np.mgrid[0:20, 0:20]
        for i, label in enumerate(self.y.tolist()):
            cx, cy, r = rng.integers(6, 14), rng.integers(6, 14), rng.integers(3, 6)
            dx, dy = np.abs(xx - cx), np.abs(yy - cy)
            if label == 0:
                mask = np.maximum(dx, dy) <= r
            elif label == 1:
                mask = dx**2 + dy**2 <= r**2
            else:
                mask = (np.minimum(dx, dy) <= 1) & (np.maximum(dx, dy) <= r)
            imgs[i, 0][mask] += 1.0
        self.x = torch.from_numpy(imgs).float()
        self.augment = augment

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        if self.augment and torch.rand(()) < 0.5:
            x = x.flip(-1)
        return x, self.y[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3, padding=1, bias=False)
        self.b1 = nn.BatchNorm2d(12)
        self.c2 = nn.Conv2d(12, 24, 3, padding=1, bias=False)
        self.b2 = nn.BatchNorm2d(24)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(24 * 5 * 5, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.b1(self.c1(x))), 2)
        x = F.max_pool2d(F.relu(self.b2(self.c2(x))), 2)
        return self.fc(self.drop(x.flatten(1)))


def run_epoch(model, loader, device, opt=None, sched=None):
    train = opt is not None
    model.train(train)
    loss_sum = hits = count = 0
    with torch.set_grad_enabled(train):
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            out = model(x)
            loss = F.cross_entropy(out, y)
            if train:
                opt.zero_grad()
                loss.backward()
                opt.step()
                sched.step()  # OneCycle is stepped once per batch
            loss_sum += loss.item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            count += len(y)
    return loss_sum / count, hits / count


def main():
    args = parse_args()
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train_dl = DataLoader(Shapes(900, seed=100, augment=True), batch_size=args.batch_size, shuffle=True)
    val_dl = DataLoader(Shapes(300, seed=200), batch_size=100)
    test_dl = DataLoader(Shapes(300, seed=300), batch_size=100)
    model = Net().to(device)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(
        opt, max_lr=args.lr, epochs=args.epochs, steps_per_epoch=len(train_dl))
    best = -1.0
    with tempfile.TemporaryDirectory() as tmp:
        ckpt = Path(tmp) / "best.pt"
        for epoch in range(args.epochs):
            tl, ta = run_epoch(model, train_dl, device, opt, sched)
            vl, va = run_epoch(model, val_dl, device)
            print(f"[{epoch + 1}/{args.epochs}] train {tl:.3f}/{ta:.3f} val {vl:.3f}/{va:.3f}")
            if va > best:
                best = va
                torch.save(model.state_dict(), ckpt)
        model.load_state_dict(torch.load(ckpt, map_location=device, weights_only=True))
    tl, ta = run_epoch(model, test_dl, device)
    print(f"test loss {tl:.3f} acc {ta:.3f}")


if __name__ == "__main__":
    main()
