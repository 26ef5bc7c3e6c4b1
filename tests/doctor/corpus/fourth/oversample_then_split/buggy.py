from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


@dataclass
class Config:
    n: int = 3000
    dim: int = 12
    epochs: int = 12
    batch: int = 128
    lr: float = 2e-3
    seed: int = 13


def transactions(cfg, rng):
    X = rng.normal(size=(cfg.n, cfg.dim)) * rng.uniform(0.5, 20, size=cfg.dim)
    score = X[:, 0] / X[:, 0].std() + X[:, 3] / X[:, 3].std() + rng.normal(0, 1.5, size=cfg.n)
    y = (score > np.quantile(score, 0.95)).astype(np.int64)
    return X, y


def balance(X, y, rng):
    pos, neg = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    extra = rng.choice(pos, size=len(neg) - len(pos), replace=True)
    rows = rng.permutation(np.concatenate([pos, neg, extra]))
    return X[rows], y[rows]


def prepare(cfg):
    rng = np.random.default_rng(cfg.seed)
    X, y = transactions(cfg, rng)
    X, y = balance(X, y, rng)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=cfg.seed)
    scaler = StandardScaler().fit(X_tr)
    as_tensors = lambda a, b: (torch.tensor(scaler.transform(a), dtype=torch.float32), torch.tensor(b, dtype=torch.float32))
    return as_tensors(X_tr, y_tr), as_tensors(X_te, y_te)


def fit(model, data, cfg):
    X, y = data
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    loss_fn = nn.BCEWithLogitsLoss()
    for _ in range(cfg.epochs):
        model.train()
        for idx in torch.randperm(len(X)).split(cfg.batch):
            loss = loss_fn(model(X[idx]).squeeze(1), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()


@torch.no_grad()
def evaluate(model, data):
    X, y = data
    model.eval()
    p = torch.sigmoid(model(X)).squeeze(1)
    return average_precision_score(y.numpy(), p.numpy()), ((p > 0.5).float() == y).float().mean().item()


if __name__ == "__main__":
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train, test = prepare(cfg)
    net = nn.Sequential(nn.Linear(cfg.dim, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    fit(net, train, cfg)
    ap, acc = evaluate(net, test)
    print(f"test AP {ap:.3f}  accuracy {acc:.3f}")
