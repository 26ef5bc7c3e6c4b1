"""Churn-like tabular classification with a small MLP, early stopping and a test set that is used once."""
import argparse
import copy
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def make_table(n, rng):
    age = rng.normal(45, 12, n)
    income = rng.lognormal(10, 0.4, n)
    tenure = rng.exponential(4, n)
    plan = rng.integers(0, 4, n)
    calls = rng.poisson(2 + (plan == 3) * 2, n)
    score = 0.04 * (age - 45) - 0.5 * np.log(income / 22000) - 0.3 * tenure + 0.5 * calls + (plan == 1) * 0.8
    y = (score + rng.normal(0, 0.5, n) > 0.3).astype(np.int64)
    num = np.stack([age, np.log(income), tenure, calls], 1).astype(np.float32)
    return num, plan.astype(np.int64), y


class ChurnNet(nn.Module):
    def __init__(self, n_num, n_plans, hidden, p):
        super().__init__()
        self.plan = nn.Embedding(n_plans, 3)
        self.body = nn.Sequential(
            nn.Linear(n_num + 3, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(p),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(p),
        )
        self.out = nn.Linear(hidden, 2)

    def forward(self, num, plan):
        return self.out(self.body(torch.cat([num, self.plan(plan)], dim=1)))


def run_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for num, plan, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(num, plan), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader, criterion):
    model.eval()
    loss = correct = seen = 0
    for num, plan, y in loader:
        logits = model(num, plan)
        loss += criterion(logits, y).item() * len(y)
        correct += (logits.argmax(1) == y).sum().item()
        seen += len(y)
    return loss / seen, correct / seen


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--patience", type=int, default=4)
    p.add_argument("--seed", type=int, default=7)
    args = p.parse_args()

    seed_everything(args.seed)
    rng = np.random.default_rng(args.seed)
    num, plan, y = make_table(2400, rng)
    order = rng.permutation(len(y))
    tr, va, te = order[:1600], order[1600:2000], order[2000:]
    mean, std = num[tr].mean(0), num[tr].std(0)
    num = (num - mean) / std

    def loader(idx, shuffle):
        ds = TensorDataset(torch.from_numpy(num[idx]), torch.from_numpy(plan[idx]), torch.from_numpy(y[idx]))
        return DataLoader(ds, batch_size=args.batch_size, shuffle=shuffle)

    train_dl, val_dl, test_dl = loader(tr, True), loader(va, False), loader(te, False)
    model = ChurnNet(4, 4, 32, 0.1)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-2)

    best, best_state, bad = float("inf"), None, 0
    for epoch in range(args.epochs):
        tl = run_epoch(model, train_dl, criterion, optimizer)
        vl, va_acc = evaluate(model, val_dl, criterion)
        print(f"{epoch:02d} train {tl:.4f} val {vl:.4f} acc {va_acc:.3f}")
        if vl < best:
            best, best_state, bad = vl, copy.deepcopy(model.state_dict()), 0
        else:
            bad += 1
            if bad >= args.patience:
                break
    model.load_state_dict(best_state)
    tl, ta = evaluate(model, test_dl, criterion)
    print(f"test loss {tl:.4f} acc {ta:.3f}")


if __name__ == "__main__":
    main()
