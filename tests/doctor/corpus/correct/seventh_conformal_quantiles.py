"""Quantile regression made honest by a split-conformal correction (calibration rows of their own)."""
from functools import partial

import numpy as np
import torch
from torch import nn

LEVELS = (0.05, 0.5, 0.95)


def pinball(pred, y, levels):
    """Mean over rows of the summed check losses; pred [n, q], y [n]."""
    q = pred.new_tensor(levels)
    r = y.unsqueeze(1) - pred
    return torch.maximum(q * r, (q - 1) * r).sum(1).mean()


class Monotone(nn.Module):
    """The lowest quantile plus positive increments: the quantiles cannot cross."""

    def __init__(self, d, k):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, k))

    def forward(self, x):
        first, rest = self.body(x).split([1, len(LEVELS) - 1], dim=1)
        return torch.cat([first, first + nn.functional.softplus(rest).cumsum(1)], 1)


def synth(n, rng):
    x = rng.uniform(-2, 2, (n, 3))
    y = 50 + 10 * np.sin(2 * x[:, 0]) + rng.standard_normal(n) * (1 + 3 * np.abs(x[:, 1]))
    return x, y


def fit(x, y, x_val, y_val, seed, max_epochs=60, patience=6):
    torch.manual_seed(seed)
    net = Monotone(x.shape[1], len(LEVELS))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    loss_fn = partial(pinball, levels=LEVELS)
    best, kept, wait = float("inf"), None, 0
    for epoch in range(max_epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss_fn(net(x[idx]), y[idx]).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            val = loss_fn(net(x_val), y_val).item()
        if val < best:
            best, wait, kept = val, 0, {k: v.clone() for k, v in net.state_dict().items()}
        elif (wait := wait + 1) >= patience:
            break
    net.load_state_dict(kept)
    return net.eval()


@torch.no_grad()
def intervals(net, x, widen=0.0):
    p = net(x)
    return p[:, 0] - widen, p[:, 1], p[:, -1] + widen


def conformal_margin(net, x, y, alpha):
    """Finite-sample quantile of the signed distance outside the band."""
    lo, _, hi = intervals(net, x)
    score = torch.maximum(lo - y, y - hi).sort().values
    k = int(np.ceil((len(score) + 1) * (1 - alpha)))
    return score[min(k, len(score)) - 1].item()


def main():
    rng = np.random.default_rng(10)
    x, y = synth(1800, rng)
    cuts = [700, 900, 1300]                       # train, validation, calibration, test
    mean, std = x[:cuts[0]].mean(0), x[:cuts[0]].std(0)
    m, s = y[:cuts[0]].mean(), y[:cuts[0]].std()
    xs = [torch.tensor(p, dtype=torch.float32) for p in np.split((x - mean) / std, cuts)]
    ys = [torch.tensor(p, dtype=torch.float32) for p in np.split((y - m) / s, cuts)]
    net = fit(xs[0], ys[0], xs[1], ys[1], seed=0)
    margin = conformal_margin(net, xs[2], ys[2], alpha=0.1)
    for name, widen in (("raw", 0.0), ("conformal", margin)):
        lo, mid, hi = intervals(net, xs[3], widen)
        cover = ((ys[3] >= lo) & (ys[3] <= hi)).float().mean().item()
        print(f"{name:9s} coverage {cover:.3f} (goal 0.90) mean width {(hi - lo).mean().item() * s:.2f} "
              f"median abs error {(mid - ys[3]).abs().mean().item() * s:.2f}")


if __name__ == "__main__":
    main()
