# Deep ensembles (Lakshminarayanan et al., 2017) on Friedman #1: mean + variance heads
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

MEMBERS, EPOCHS = 4, 25


class Gaussian(nn.Module):
    def __init__(self, d, h=50):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))

    def forward(self, x):
        mu, s = self.net(x).unbind(-1)
        return mu, F.softplus(s) + 1e-4


def train_member(seed, train, val):
    torch.manual_seed(seed)
    net = Gaussian(train[0].shape[1])
    opt = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
    nll = nn.GaussianNLLLoss(full=True)
    x, y = train
    best, best_sd = math.inf, None
    for epoch in range(EPOCHS):
        net.train()
        for b in torch.randperm(len(x)).split(64):
            mu, var = net(x[b])
            loss = nll(mu, y[b], var)
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            mu, var = net(val[0])
            v = nll(mu, val[1], var).item()
        if v < best:
            best, best_sd = v, copy.deepcopy(net.state_dict())
    net.load_state_dict(best_sd)
    return net.eval()


@torch.no_grad()
def predict(nets, x):
    mus, variances = (torch.stack(t) for t in zip(*(n(x) for n in nets)))
    mu = mus.mean(0)
    return mu, (variances + mus.square()).mean(0) - mu.square()


def scores(nets, x, y):
    mu, var = predict(nets, x)
    nll = (0.5 * (2 * math.pi * var).log() + (y - mu).square() / (2 * var)).mean()
    inside = ((y - mu).abs() <= 1.96 * var.sqrt()).float().mean()
    return nll.item(), (y - mu).square().mean().sqrt().item(), inside.item()


def main():
    X, y = make_friedman1(1400, noise=1.0, random_state=0)
    X, X_te, y, y_te = train_test_split(X, y, test_size=400, random_state=0)
    X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=200, random_state=0)
    ym, ys = y_tr.mean(), y_tr.std()

    def pack(a, b):
        return (torch.tensor((a - X_tr.mean(0)) / X_tr.std(0), dtype=torch.float32),
                torch.tensor((b - ym) / ys, dtype=torch.float32))

    train, val, test = pack(X_tr, y_tr), pack(X_va, y_va), pack(X_te, y_te)
    nets = [train_member(100 + i, train, val) for i in range(MEMBERS)]
    for label, group in [(f"member {i}", [n]) for i, n in enumerate(nets)] + [("ensemble", nets)]:
        nll, rmse, inside = scores(group, *test)
        print(f"{label:9s} NLL {nll + math.log(ys):.3f}  RMSE {rmse * ys:.3f}  95 % interval covers {inside:.3f}")


if __name__ == "__main__":
    main()
