"""Smoothed target encoding: out-of-fold for the training rows, full-train statistics for the others."""
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn


class TargetEncoder:
    """fit_transform gives each row a value computed without the fold that the row is in."""

    def __init__(self, levels, folds=5, smoothing=20.0, seed=0):
        self.levels, self.folds, self.smoothing, self.seed = levels, folds, smoothing, seed

    def _table(self, codes, y, k):
        """Posterior mean of every level; a level that never occurs gets the prior."""
        total = np.bincount(codes, weights=y, minlength=k)
        count = np.bincount(codes, minlength=k)
        return (total + self.smoothing * y.mean()) / (count + self.smoothing)

    def fit_transform(self, cats, y):
        self.tables = [self._table(cats[:, j], y, k) for j, k in enumerate(self.levels)]
        fold = np.random.default_rng(self.seed).permutation(len(y)) % self.folds
        out = np.empty(cats.shape)
        for f in range(self.folds):
            inside, outside = fold == f, fold != f
            for j, k in enumerate(self.levels):
                out[inside, j] = self._table(cats[outside, j], y[outside], k)[cats[inside, j]]
        return out

    def transform(self, cats):
        return np.column_stack([t[cats[:, j]] for j, t in enumerate(self.tables)])


def make_rows(n, rng):
    city = rng.zipf(1.5, n) % 300
    shop = rng.integers(0, 60, n)
    city_effect, shop_effect = rng.normal(size=300) * 0.9, rng.normal(size=60) * 0.7
    num = rng.normal(size=(n, 3))
    score = city_effect[city] + shop_effect[shop] + num[:, 0] - 0.5 * num[:, 1] ** 2
    y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    return np.column_stack([city, shop]), num, y


def logit(p):
    p = np.clip(p, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def tensors(encoded, num, stats=None):
    raw = np.column_stack([logit(encoded), num])
    stats = stats or (raw.mean(0), raw.std(0))
    return torch.tensor((raw - stats[0]) / stats[1], dtype=torch.float32), stats


def auc(net, x, y):
    net.eval()
    with torch.no_grad():
        return roc_auc_score(y, net(x).squeeze(1).numpy())


def main():
    rng = np.random.default_rng(7)
    torch.manual_seed(7)
    cats, num, y = make_rows(4000, rng)
    train, val, test = np.split(rng.permutation(len(y)), [2400, 3200])
    enc = TargetEncoder(levels=[300, 60])
    x_tr, stats = tensors(enc.fit_transform(cats[train], y[train]), num[train])
    x_va, _ = tensors(enc.transform(cats[val]), num[val], stats)
    x_te, _ = tensors(enc.transform(cats[test]), num[test], stats)
    y_tr = torch.tensor(y[train], dtype=torch.float32).unsqueeze(1)
    net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-4)
    best, kept = -1.0, None
    for epoch in range(15):
        net.train()
        for idx in torch.randperm(len(x_tr)).split(80):
            opt.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(x_tr[idx]), y_tr[idx]).backward()
            opt.step()
        score = auc(net, x_va, y[val])
        if score > best:
            best, kept = score, {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(kept)
    print(f"val auc {best:.4f} test auc {auc(net, x_te, y[test]):.4f}")


if __name__ == "__main__":
    main()
