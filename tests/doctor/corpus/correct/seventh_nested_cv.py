"""Nested cross-validation by hand: inner folds choose, outer folds estimate."""
import itertools
import statistics

import torch
from torch import nn


def folds(n, k, gen):
    parts = torch.randperm(n, generator=gen).tensor_split(k)
    for i in range(k):
        yield torch.cat([p for j, p in enumerate(parts) if j != i]), parts[i]


def standardise(ref):
    mean, std = ref.mean(0), ref.std(0).clamp_min(1e-6)
    return lambda t: (t - mean) / std


def train_model(x, y, cfg, seed):
    """Full-batch ridge-like network; the penalty is written into the loss, biases excluded."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(x.shape[1], cfg["width"]), nn.SiLU(), nn.Linear(cfg["width"], 1))
    opt = torch.optim.Adam(net.parameters(), lr=0.02)
    weights = [p for n, p in net.named_parameters() if n.endswith("weight")]
    for _ in range(60):
        data_term = (net(x).squeeze(-1) - y).square().mean()
        penalty = sum(w.square().sum() for w in weights)
        opt.zero_grad()
        (data_term + cfg["l2"] * penalty).backward()
        opt.step()
    return net.eval()


def fit_and_score(x, y, tr, te, cfg, seed):
    fx, fy = standardise(x[tr]), standardise(y[tr])
    net = train_model(fx(x[tr]), fy(y[tr]), cfg, seed)
    with torch.no_grad():
        pred = net(fx(x[te])).squeeze(-1) * y[tr].std().clamp_min(1e-6) + y[tr].mean()
    return (pred - y[te]).square().sum().item()


def search(x, y, grid, gen):
    """Mean squared error over all held-out rows of the inner folds."""
    table = {}
    splits = list(folds(len(x), 3, gen))
    for i, cfg in enumerate(grid):
        sse = sum(fit_and_score(x, y, tr, va, cfg, seed=i) for tr, va in splits)
        table[i] = sse / len(x)
    best = min(table, key=table.get)
    return grid[best], table[best]


def main():
    gen = torch.Generator().manual_seed(12)
    x = torch.randn(220, 7, generator=gen) * torch.tensor([1, 5, 0.2, 1, 1, 10, 1.0])
    y = x[:, 0] * 3 + (x[:, 1] / 5) ** 2 * 2 + torch.randn(220, generator=gen) * 0.7 + 100
    grid = [dict(width=w, l2=l) for w, l in itertools.product((4, 32), (1e-3, 1e-2))]
    outer_mse, picks = [], []
    sse, sst = 0.0, 0.0
    for k, (dev, test) in enumerate(folds(len(x), 4, gen)):
        cfg, inner = search(x[dev], y[dev], grid, gen)
        err = fit_and_score(x, y, dev, test, cfg, seed=1000 + k)
        outer_mse.append(err / len(test))
        picks.append(cfg)
        sse += err
        sst += (y[test] - y[dev].mean()).square().sum().item()
        print(f"outer {k}: chose {cfg}, inner mse {inner:.3f}, outer mse {outer_mse[-1]:.3f}")
    print(f"nested estimate {sse / len(x):.3f} (sd over folds {statistics.stdev(outer_mse):.3f}), R2 {1 - sse / sst:.3f}")


if __name__ == "__main__":
    main()
