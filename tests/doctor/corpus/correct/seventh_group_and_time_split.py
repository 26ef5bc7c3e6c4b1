"""Two honest splits by hand: whole patients held out, and a purged walk-forward split for a series."""
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


def group_split(groups, fractions, rng):
    """Assign whole groups, largest remaining quota first."""
    ids, counts = np.unique(groups, return_counts=True)
    order = rng.permutation(len(ids))
    quota = np.array(fractions) * counts.sum()
    where = {}
    for i in order:
        k = int(np.argmax(quota))
        where[ids[i]] = k
        quota[k] -= counts[i]
    part = np.array([where[g] for g in groups])
    return [np.flatnonzero(part == k) for k in range(len(fractions))]


def walk_forward(n, n_folds, test_len, gap):
    """Train on everything before, leave `gap` rows out, test on the next `test_len`."""
    for k in range(n_folds):
        start = n - (n_folds - k) * test_len
        yield np.arange(0, start - gap), np.arange(start, start + test_len)


@dataclass
class Standard:
    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, a):
        return cls(a.mean(0), a.std(0) + 1e-8)

    def __call__(self, a):
        return torch.as_tensor((a - self.mean) / self.std, dtype=torch.float32)

    def back(self, t):
        return t.double().numpy() * self.std + self.mean


def fit(net, x, y, loss_fn, epochs, bs=64, lr=3e-3, on_epoch=None):
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-3)
    for e in range(epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(bs):
            loss = loss_fn(net(x[idx]).squeeze(-1), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if on_epoch and on_epoch(e):
            break
    return net.eval()


def patients():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    g = rng.integers(0, 80, 1200)
    offset = rng.normal(size=(80, 5)) * 1.5
    latent = rng.normal(size=(1200, 5))
    x = latent + offset[g]
    y = (latent @ np.array([1.0, -1, 0.5, 0, 0]) + 0.8 * offset[g, 0] + rng.normal(size=1200) * 0.5 > 0).astype(np.float32)
    tr, va, te = group_split(g, (0.6, 0.2, 0.2), rng)
    assert not set(g[tr]) & set(g[va]) and not set(g[tr]) & set(g[te]) and not set(g[va]) & set(g[te])
    scale = Standard.of(x[tr])
    X, Y = scale(x), torch.as_tensor(y)
    net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))
    best = {"loss": np.inf, "state": None, "wait": 0}

    def watch(epoch):
        net.eval()
        with torch.no_grad():
            val = nn.functional.binary_cross_entropy_with_logits(net(X[va]).squeeze(-1), Y[va]).item()
        if val < best["loss"]:
            best.update(loss=val, wait=0, state={k: v.clone() for k, v in net.state_dict().items()})
        else:
            best["wait"] += 1
        return best["wait"] >= 4

    fit(net, X[tr], Y[tr], nn.BCEWithLogitsLoss(), 30, on_epoch=watch)
    net.load_state_dict(best["state"])
    with torch.no_grad():
        acc = ((net(X[te]).squeeze(-1) > 0).float() == Y[te]).float().mean().item()
    print(f"unseen patients: accuracy {acc:.3f} on {len(te)} visits of {len(set(g[te]))} patients")


def series():
    rng = np.random.default_rng(1)
    t = np.arange(1000)
    s = 10 * np.sin(t / 11) + 4 * np.sin(t / 3.1) + 0.01 * t + rng.normal(size=1000)
    lags, horizon = 24, 5
    rows = np.arange(lags - 1, 1000 - horizon)
    x = np.stack([s[r - lags + 1:r + 1] for r in rows])
    y = s[rows + horizon][:, None]
    model_se, naive_se, count = 0.0, 0.0, 0
    for k, (tr, te) in enumerate(walk_forward(len(rows), 3, 120, gap=horizon)):
        torch.manual_seed(k)
        assert rows[tr].max() + horizon <= rows[te].min()
        sx, sy = Standard.of(x[tr]), Standard.of(y[tr])
        net = fit(nn.Sequential(nn.Linear(lags, 48), nn.Tanh(), nn.Linear(48, 1)), sx(x[tr]), sy(y[tr]).squeeze(-1), nn.MSELoss(), 20)
        with torch.no_grad():
            pred = sy.back(net(sx(x[te])))
        model_se += ((pred - y[te]) ** 2).sum()
        naive_se += ((x[te, -1:] - y[te]) ** 2).sum()
        count += len(te)
    print(f"walk-forward rmse {np.sqrt(model_se / count):.3f}, last value {np.sqrt(naive_se / count):.3f}")


if __name__ == "__main__":
    patients()
    series()
