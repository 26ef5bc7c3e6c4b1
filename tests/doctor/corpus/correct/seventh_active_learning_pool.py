"""Pool-based active learning: MC-dropout BALD against random picks. Test set only for the learning curve."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0, dtype=torch.float32)
y = torch.tensor(y)
pool_idx, test_idx = train_test_split(np.arange(len(X)), test_size=0.3, stratify=y, random_state=0)
Xp, yp, Xt, yt = X[pool_idx], y[pool_idx], X[test_idx], y[test_idx]


def new_model():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))


def train_from_scratch(idx, steps=80):
    model = new_model()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
    model.train()
    for _ in range(steps):
        b = idx[torch.randint(len(idx), (min(32, len(idx)),))]
        loss = nn.functional.cross_entropy(model(Xp[b]), yp[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    return model


def test_accuracy(model):
    model.eval()
    with torch.no_grad():
        return (model(Xt).argmax(1) == yt).float().mean().item()


def bald(model, x, passes=12):
    model.train()                      # keeps dropout on: these are the Monte-Carlo samples
    with torch.no_grad():
        p = torch.stack([model(x).softmax(-1) for _ in range(passes)])
    model.eval()
    mean = p.mean(0)
    total = -(mean * mean.clamp_min(1e-9).log()).sum(-1)
    aleatoric = -(p * p.clamp_min(1e-9).log()).sum(-1).mean(0)
    return total - aleatoric


def run(strategy, seed, rounds=4, start=20, per_round=20):
    torch.manual_seed(seed)
    perm = torch.randperm(len(Xp))
    labelled, unlabelled = perm[:start], perm[start:]
    curve = []
    for r in range(rounds):
        model = train_from_scratch(labelled)
        curve.append(test_accuracy(model))
        if r == rounds - 1:
            break
        if strategy == "bald":
            pick = bald(model, Xp[unlabelled]).topk(per_round).indices
        else:
            pick = torch.randperm(len(unlabelled))[:per_round]
        keep = torch.ones(len(unlabelled), dtype=torch.bool)
        keep[pick] = False
        labelled = torch.cat([labelled, unlabelled[pick]])
        unlabelled = unlabelled[keep]
    return curve


for strategy in ("random", "bald"):
    curves = np.array([run(strategy, s) for s in range(2)])
    print(f"{strategy:7s}", " ".join(f"{20 + 20 * i}:{m:.3f}±{s:.3f}" for i, (m, s) in
                                      enumerate(zip(curves.mean(0), curves.std(0, ddof=1)))))
