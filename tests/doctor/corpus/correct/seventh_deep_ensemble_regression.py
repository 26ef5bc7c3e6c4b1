"""Deep ensembles (Lakshminarayanan et al. 2017): heteroscedastic Gaussian NLL, mixture moments, calibration."""
from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch import nn


@dataclass(frozen=True)
class Config:
    members: int = 4
    hidden: int = 32
    epochs: int = 60
    lr: float = 5e-3
    weight_decay: float = 1e-2
    batch: int = 32
    patience: int = 12


class Standardizer:
    def fit(self, a):
        self.mean, self.std = a.mean(0, keepdims=True), a.std(0, keepdims=True)
        return self

    def __call__(self, a):
        return torch.tensor((a - self.mean) / self.std, dtype=torch.float32)


class GaussianMLP(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU())
        self.mu, self.raw = nn.Linear(h, 1), nn.Linear(h, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mu(h), nn.functional.softplus(self.raw(h)) + 1e-3


def nll(mu, var, y):
    return 0.5 * (var.log() + (y - mu) ** 2 / var + log(2 * pi))


def train_member(seed, cfg, xtr, ytr, xva, yva):
    # another initialisation and another order of the batches for every member, the same data
    torch.manual_seed(seed)
    net = GaussianMLP(xtr.size(1), cfg.hidden)
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
    best, best_sd, bad = float("inf"), None, 0
    for _ in range(cfg.epochs):
        net.train()
        for idx in torch.randperm(len(xtr)).split(cfg.batch):
            loss = nll(*net(xtr[idx]), ytr[idx]).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            v = nll(*net(xva), yva).mean().item()
        if v < best:
            best, bad, best_sd = v, 0, {k: t.clone() for k, t in net.state_dict().items()}
        else:
            bad += 1
        if bad > cfg.patience:
            break
    net.load_state_dict(best_sd)
    return net.eval(), best


@torch.no_grad()
def predict(nets, x):
    mus, variances = (torch.stack(t) for t in zip(*(net(x) for net in nets)))
    mu = mus.mean(0)
    return mu, (variances + mus ** 2).mean(0) - mu ** 2


def report(name, nets, x, y, scale):
    mu, var = predict(nets, x)
    rmse = ((mu - y) ** 2).mean().sqrt().item() * scale
    # density of scale * t is that of t divided by scale
    score = nll(mu, var, y).mean().item() + log(scale)
    z = torch.special.ndtr((y - mu) / var.sqrt())
    levels = torch.linspace(0.05, 0.95, 19)
    calib = ((z <= levels).float().mean(0) - levels).abs().mean().item()
    print(f"{name:10s} rmse {rmse:6.2f}  nll {score:.3f}  calibration error {calib:.3f}")


def main(cfg=Config()):
    X, y = load_diabetes(return_X_y=True)
    y = y.reshape(-1, 1)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, random_state=0)
    X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.2, random_state=0)
    sx, sy = Standardizer().fit(X_tr), Standardizer().fit(y_tr)
    scale = sy.std.item()
    xtr, xva, xte = map(sx, (X_tr, X_va, X_te))
    ytr, yva, yte = map(sy, (y_tr, y_va, y_te))
    nets, vals = zip(*(train_member(s, cfg, xtr, ytr, xva, yva) for s in range(cfg.members)))
    print("validation nll of the members:", np.round(vals, 3).tolist())
    report("member 0", nets[:1], xte, yte, scale)
    report("ensemble", nets, xte, yte, scale)


if __name__ == "__main__":
    main()
