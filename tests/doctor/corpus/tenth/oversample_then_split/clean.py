import numpy as np
import torch
from torch import nn

CFG = dict(n=2000, frac_fraud=0.06, test=0.25, hidden=64, lr=2e-3, epochs=30, batch=128, seed=13)


def transactions(cfg, rng):
    y = (rng.random(cfg["n"]) < cfg["frac_fraud"]).astype(np.int64)
    x = rng.normal(size=(cfg["n"], 16)).astype(np.float32)
    x[y == 1, :2] += 1.0
    return x, y


def balance(x, y, rng):
    """Repeat rows of the rare class until both classes have the same size."""
    pos, neg = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    extra = rng.choice(pos, size=len(neg) - len(pos), replace=True)
    keep = np.concatenate([neg, pos, extra])
    return x[keep], y[keep]


def split(x, y, frac, rng):
    order = rng.permutation(len(y))
    k = int(frac * len(y))
    te, tr = order[:k], order[k:]
    return (x[tr], y[tr]), (x[te], y[te])


def recalls(model, x, y):
    model.eval()
    with torch.no_grad():
        pred = model(torch.from_numpy(x)).argmax(1).numpy()
    return [(pred[y == c] == c).mean() for c in (0, 1)]


def run(cfg):
    rng = np.random.default_rng(cfg["seed"])
    torch.manual_seed(cfg["seed"])
    x, y = transactions(cfg, rng)
    (x_tr, y_tr), (x_te, y_te) = split(x, y, cfg["test"], rng)
    x_tr, y_tr = balance(x_tr, y_tr, rng)
    model = nn.Sequential(nn.Linear(16, cfg["hidden"]), nn.ReLU(), nn.Linear(cfg["hidden"], 2))
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    xt, yt = torch.from_numpy(x_tr), torch.from_numpy(y_tr)
    for _ in range(cfg["epochs"]):
        model.train()
        for idx in torch.randperm(len(yt)).split(cfg["batch"]):
            loss = nn.functional.cross_entropy(model(xt[idx]), yt[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    genuine, fraud = recalls(model, x_te, y_te)
    print(f"test recall: genuine {genuine:.3f}, fraud {fraud:.3f}")


run(CFG)
