"""Active learning with BALD: dropout stays on while scoring the pool (only dropout), the model is rebuilt for each round."""
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler
from torch import nn


def build():
    return nn.Sequential(nn.Linear(64, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Dropout(0.4), nn.Linear(96, 10))


def train(x, y, seed, epochs=25):
    torch.manual_seed(seed)
    net = build()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).tensor_split(max(1, len(x) // 30)):  # nearly equal parts, none of size one
            opt.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()
            opt.step()
    return net.eval()


@torch.no_grad()
def bald(net, x, passes=12):
    net.eval()
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.train()  # Monte Carlo dropout; BatchNorm stays with its running statistics
    p = torch.stack([net(x).softmax(-1) for _ in range(passes)])
    net.eval()
    mean = p.mean(0)
    ent = lambda q: -(q * q.clamp_min(1e-12).log()).sum(-1)
    return ent(mean) - ent(p).mean(0)


@torch.no_grad()
def accuracy(net, x, y):
    return (net(x).argmax(1) == y).float().mean().item()


def acquire(kind, net, x, pool, k, rng):
    if kind == "random":
        return rng.choice(pool, k, replace=False)
    return pool[bald(net, x[pool]).topk(k).indices.numpy()]


def main(rounds=4, start=40, k=30):
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    test, avail = order[:500], order[500:]
    # the scaler uses inputs of the pool, whose labels are unknown but whose inputs are available; never the test rows
    scaler = StandardScaler().fit(X[avail])
    x, y = torch.tensor(scaler.transform(X), dtype=torch.float32), torch.tensor(y)
    for kind in ("random", "bald"):
        rng = np.random.default_rng(1)  # both strategies begin with the same labelled rows
        labelled = rng.choice(avail, start, replace=False)
        curve = []
        for r in range(rounds):
            net = train(x[labelled], y[labelled], seed=r)
            curve.append(round(accuracy(net, x[test], y[test]), 3))  # reported, never used to choose
            pool = np.setdiff1d(avail, labelled)
            new = acquire(kind, net, x, pool, k, rng)
            labelled = np.concatenate([labelled, new])
            assert len(np.unique(labelled)) == len(labelled)
        print(f"{kind:6s} test accuracy with {start}+{k}r labels: {curve}")


if __name__ == "__main__":
    main()
