"""Wide & deep click model: sparse embedding gradients go to SparseAdam, the wide part to Adagrad, the tower to AdamW."""
import argparse
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

FIELDS = (500, 60, 12)


class WideDeep(nn.Module):
    def __init__(self, dim=8, n_dense=3):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, dim, sparse=True) for n in FIELDS)
        for t in self.tables:
            nn.init.normal_(t.weight, std=0.05)
        self.wide = nn.ModuleList(nn.Embedding(n, 1) for n in FIELDS)
        for w in self.wide:
            nn.init.zeros_(w.weight)
        self.tower = nn.Sequential(nn.Linear(dim * len(FIELDS) + n_dense, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))

    def forward(self, ids, dense):
        cols = ids.unbind(1)
        deep = torch.cat([t(c) for t, c in zip(self.tables, cols)] + [dense], 1)
        wide = sum(w(c) for w, c in zip(self.wide, cols))
        return (self.tower(deep) + wide).squeeze(1)


class OptimizerGroup:
    def __init__(self, *opts):
        self.opts = opts

    def zero_grad(self):
        for o in self.opts:
            o.zero_grad()

    def step(self):
        for o in self.opts:
            o.step()


def click_log(n, rng):
    ids = np.stack([rng.zipf(1.3, n) % FIELDS[0], rng.integers(0, FIELDS[1], n), rng.integers(0, FIELDS[2], n)], 1)
    dense = rng.gamma(2.0, 50.0, size=(n, 3))
    taste = np.random.default_rng(1)
    a, b, c = (taste.normal(0, s, k) for s, k in zip((0.8, 0.8, 0.6), FIELDS))
    cross = taste.normal(0, 0.7, (FIELDS[1], FIELDS[2]))
    z = -1.6 + a[ids[:, 0]] + b[ids[:, 1]] + c[ids[:, 2]] + cross[ids[:, 1], ids[:, 2]] + 0.4 * (np.log(dense[:, 0]) - 4.4)
    y = rng.random(n) < 1 / (1 + np.exp(-z))
    return ids, np.log1p(dense), y.astype(np.float32)


def auc(score, y):
    rank = torch.empty(len(score), dtype=torch.float64)
    rank[score.argsort()] = torch.arange(1, len(score) + 1, dtype=torch.float64)
    pos = y == 1
    n1, n0 = pos.sum().item(), (~pos).sum().item()
    return (rank[pos].sum().item() - n1 * (n1 + 1) / 2) / (n1 * n0)


def evaluate(model, dl):
    model.eval()
    with torch.no_grad():
        out = [(model(i, d), y) for i, d, y in dl]
    logit, y = (torch.cat(t) for t in zip(*out))
    return F.binary_cross_entropy_with_logits(logit, y).item(), auc(logit, y)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=4)
    ap.add_argument("--lr", type=float, default=3e-3)
    args = ap.parse_args()
    torch.manual_seed(19)
    rng = np.random.default_rng(19)
    ids, dense, y = click_log(5000, rng)
    cut = 4000  # the log is in time order: learn from the past, test on what follows
    mu, sd = dense[:cut].mean(0), dense[:cut].std(0)
    full = [torch.from_numpy(ids), torch.from_numpy(((dense - mu) / sd).astype(np.float32)), torch.from_numpy(y)]
    train = DataLoader(TensorDataset(*(t[:cut] for t in full)), batch_size=128, shuffle=True)
    test = DataLoader(TensorDataset(*(t[cut:] for t in full)), batch_size=500)

    model = WideDeep()
    opt = OptimizerGroup(
        torch.optim.SparseAdam(list(model.tables.parameters()), lr=args.lr),
        torch.optim.Adagrad(model.wide.parameters(), lr=0.05),
        torch.optim.AdamW(model.tower.parameters(), lr=args.lr, weight_decay=1e-3),
    )
    base = full[2][:cut].mean()
    ref = F.binary_cross_entropy(base.expand(len(y) - cut), full[2][cut:]).item()
    for epoch in range(args.epochs):
        model.train()
        for i, d, t in train:
            opt.zero_grad()
            F.binary_cross_entropy_with_logits(model(i, d), t).backward()
            opt.step()
        ll, a = evaluate(model, test)
        print(f"epoch {epoch} test logloss {ll:.4f} (constant {ref:.4f}) auc {a:.3f}")


if __name__ == "__main__":
    main()
