"""Pinball loss for three quantiles, monotone by construction, then split-conformal calibration."""
import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

QS = torch.tensor([0.1, 0.5, 0.9])


def sample(n, rng):
    x = rng.uniform(-2, 2, (n, 1))
    y = np.sin(2 * x) + (0.15 + 0.25 * np.abs(x)) * rng.standard_t(4, (n, 1))
    return torch.tensor(x).float(), torch.tensor(y).float()


class QuantileNet(nn.Module):
    """Median plus non-negative gaps, so the quantiles never cross."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
        self.head = nn.Linear(48, 3)

    def forward(self, x):
        mid, up, down = self.head(self.body(x)).unbind(-1)
        return torch.stack([mid - nn.functional.softplus(down), mid, mid + nn.functional.softplus(up)], dim=-1)


def pinball(pred, y):
    """pred (N,3), y (N,1): the difference is meant to broadcast over the quantiles."""
    diff = y - pred
    return torch.maximum(QS * diff, (QS - 1) * diff).sum(dim=1).mean()


def conformal_margin(pred, y, coverage=0.8):
    """Score = how far y is outside of [low, high]; negative inside. The finite-sample quantile of it."""
    score = torch.maximum(pred[:, 0] - y[:, 0], y[:, 0] - pred[:, 2])
    k = math.ceil((len(y) + 1) * coverage)
    return score.sort().values[min(k, len(y)) - 1].item()


def coverage(pred, y, margin=0.0):
    inside = (y[:, 0] >= pred[:, 0] - margin) & (y[:, 0] <= pred[:, 2] + margin)
    return inside.float().mean().item()


def predict(net, x):
    net.eval()
    with torch.no_grad():
        return net(x)


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    train, val, calib, test = (sample(n, rng) for n in (800, 300, 400, 1000))
    loader = DataLoader(TensorDataset(*train), batch_size=80, shuffle=True)
    net = QuantileNet()
    opt = torch.optim.NAdam(net.parameters(), lr=4e-3)
    best, state, bad = math.inf, None, 0
    for epoch in range(40):
        net.train()
        for x, y in loader:
            opt.zero_grad()
            pinball(net(x), y).backward()
            opt.step()
        current = pinball(predict(net, val[0]), val[1]).item()
        if current < best:
            best, bad = current, 0
            state = {k: v.clone() for k, v in net.state_dict().items()}
        else:
            bad += 1
            if bad > 8:
                break
    print(f"stopped after epoch {epoch}, validation pinball {best:.4f}")
    net.load_state_dict(state)

    # the calibration set has been used neither for training nor for early stopping
    margin = conformal_margin(predict(net, calib[0]), calib[1])
    pred = predict(net, test[0])
    assert (pred.diff(dim=1) >= 0).all()
    below = (test[1] <= pred).float().mean(0).tolist()
    print("share below each quantile", [round(v, 3) for v in below], "wanted", QS.tolist())
    print(f"coverage raw {coverage(pred, test[1]):.3f}, conformal {coverage(pred, test[1], margin):.3f} (margin {margin:+.3f})")


if __name__ == "__main__":
    main()
