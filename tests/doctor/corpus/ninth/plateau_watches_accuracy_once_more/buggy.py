import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_customers(n, rng):
    tenure = rng.exponential(24.0, n)
    bill = rng.normal(60, 20, n)
    calls = rng.poisson(1.5, n)
    contract = rng.integers(0, 3, n)
    score = 1.2 * (calls > 2) + 0.02 * (bill - 60) - 0.05 * tenure * (contract == 2) - 0.4 * np.sin(tenure / 6)
    churn = (score + rng.normal(0, 0.3, n) > 0).astype(np.int64)
    onehot = np.eye(3)[contract]
    feats = np.column_stack([tenure, bill, calls, onehot]).astype(np.float32)
    return feats, churn


def build(width, dropout):
    return nn.Sequential(
        nn.Linear(6, width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, 2),
    )


def accuracy(model, loader):
    model.eval()
    good = 0
    with torch.no_grad():
        for xb, yb in loader:
            good += (model(xb).argmax(1) == yb).sum().item()
    return good / len(loader.dataset)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=20)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--seed", type=int, default=11)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    x, y = make_customers(2400, np.random.default_rng(args.seed))
    cut = 1800
    mu, sd = x[:cut].mean(0), x[:cut].std(0)
    x = torch.from_numpy((x - mu) / sd)
    y = torch.from_numpy(y)
    train_dl = DataLoader(TensorDataset(x[:cut], y[:cut]), batch_size=args.batch, shuffle=True)
    val_dl = DataLoader(TensorDataset(x[cut:], y[cut:]), batch_size=256)

    model = build(48, 0.1)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.3, patience=2)
    ce = nn.CrossEntropyLoss()

    for epoch in range(1, args.epochs + 1):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            ce(model(xb), yb).backward()
            opt.step()
        acc = accuracy(model, val_dl)
        sched.step(acc)
        print(f"epoch {epoch:2d}  val acc {acc:.4f}  lr {opt.param_groups[0]['lr']:.2e}")


if __name__ == "__main__":
    main()
