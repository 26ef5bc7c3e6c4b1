"""Quantile regression (pinball loss) made valid by split conformal calibration (CQR)."""
import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ALPHA = 0.1
QUANTILES = torch.tensor([ALPHA / 2, 0.5, 1 - ALPHA / 2])


class QuantileNet(nn.Module):
    """The three quantiles cannot cross: the outer ones are the median minus/plus positive offsets."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))

    def forward(self, x):
        lo, mid, hi = self.net(x).unbind(1)
        sp = nn.functional.softplus
        return torch.stack([mid - sp(lo), mid, mid + sp(hi)], dim=1)


def pinball(pred, y):
    err = y.unsqueeze(1) - pred
    return torch.max(QUANTILES * err, (QUANTILES - 1) * err).mean()


def make(n, rng):
    x = rng.uniform(-3, 3, n)
    y = np.sin(2 * x) + (0.1 + 0.2 * np.abs(x)) * rng.normal(size=n)
    return torch.tensor(x, dtype=torch.float32).unsqueeze(1), torch.tensor(y, dtype=torch.float32)


def main():
    torch.manual_seed(66)
    rng = np.random.default_rng(66)
    (x_tr, y_tr), (x_va, y_va), (x_cal, y_cal), (x_te, y_te) = (make(n, rng) for n in (1500, 300, 500, 1500))
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=100, shuffle=True)
    model = QuantileNet()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    best, state = float("inf"), None
    for epoch in range(25):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            pinball(model(xb), yb).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            v = pinball(model(x_va), y_va).item()
        if v < best:
            best, state = v, {k: t.clone() for k, t in model.state_dict().items()}
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: val pinball {v:.4f}")
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        cal, test = model(x_cal), model(x_te)
    # calibration points played no part in fitting or model selection
    scores = torch.maximum(cal[:, 0] - y_cal, y_cal - cal[:, 2])
    k = math.ceil((len(scores) + 1) * (1 - ALPHA))
    margin = scores.sort().values[k - 1]
    for name, m in (("raw", 0.0), ("conformal", margin.item())):
        lo, hi = test[:, 0] - m, test[:, 2] + m
        cover = ((y_te >= lo) & (y_te <= hi)).float().mean().item()
        print(f"{name:9s} coverage {cover:.3f} (goal {1 - ALPHA:.2f}) mean width {(hi - lo).mean().item():.3f}")


if __name__ == "__main__":
    main()
