"""Active learning with MC dropout and BALD (Gal, Islam & Ghahramani 2017), on digits.

A pool of unlabelled images; in every round the ten with the highest mutual information are labelled.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


def net():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Dropout(0.25), nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.5),
                         nn.Linear(64, 10))


def enable_mc_dropout(model):
    """everything in evaluation mode, except the dropout layers"""
    model.eval()
    for m in model.modules():
        if m.__class__.__name__.startswith("Dropout"):
            m.train()


@torch.no_grad()
def mc_probs(model, x, T=12):
    enable_mc_dropout(model)
    return torch.stack([torch.cat([F.softmax(model(b), 1) for b in x.split(512)]) for _ in range(T)])


def entropy(p):
    return -(p * (p + 1e-12).log()).sum(-1)


def bald(probs):
    return entropy(probs.mean(0)) - entropy(probs).mean(0)


def fit(x, y, seed, epochs=20):
    torch.manual_seed(seed)
    model = net()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            if len(idx) < 2:
                continue  # batch norm needs two samples
            opt.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
    return model


def test_metrics(model, x, y):
    p = mc_probs(model, x).mean(0)
    model.eval()
    with torch.no_grad():
        det = (model(x).argmax(1) == y).float().mean().item()
    return {"mc_acc": (p.argmax(1) == y).float().mean().item(), "det_acc": det,
            "mc_nll": F.nll_loss((p + 1e-12).log(), y).item()}


def run(strategy, X, Y, Xt, Yt, rounds=4, query=10):
    g = torch.Generator().manual_seed(0)
    order = torch.randperm(len(X), generator=g)
    labelled, pool = order[:30], order[30:]
    for r in range(rounds + 1):
        # from scratch in every round, so that the early labels have no head start
        model = fit(X[labelled], Y[labelled], seed=r)
        if r == rounds:
            break
        if strategy == "bald":
            pick = bald(mc_probs(model, X[pool])).topk(query).indices
        else:
            pick = torch.randperm(len(pool), generator=g)[:query]
        chosen = torch.zeros(len(pool), dtype=torch.bool)
        chosen[pick] = True
        labelled, pool = torch.cat([labelled, pool[chosen]]), pool[~chosen]
    assert not set(labelled.tolist()) & set(pool.tolist())
    return len(labelled), test_metrics(model, Xt, Yt)


if __name__ == "__main__":
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(d.target)
    perm = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))
    tr, te = perm[:1000], perm[1000:]
    print(f"entropy of a coin in nats: {entropy(torch.tensor([0.5, 0.5])).item():.4f} = {math.log(2):.4f}")
    for s in ("random", "bald"):
        n, m = run(s, x[tr], y[tr], x[te], y[te])
        print(f"{s:7s} {n} labels: " + ", ".join(f"{k} {v:.3f}" for k, v in m.items()))
