"""Forecasting with windows; scaler, windows and folds respect the order of time."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import TimeSeriesSplit

rng = np.random.default_rng(0)
t = np.arange(900)
series = 20 + 0.01 * t + 3 * np.sin(2 * np.pi * t / 24) + rng.normal(0, 0.5, len(t))
LOOK, AHEAD = 24, 1


def windows(s):
    w = np.lib.stride_tricks.sliding_window_view(s, LOOK + AHEAD)
    return torch.tensor(w[:, :LOOK].copy(), dtype=torch.float32).unsqueeze(-1), torch.tensor(w[:, -1].copy(), dtype=torch.float32)


class Forecaster(nn.Module):
    def __init__(self, h=16):
        super().__init__()
        self.gru = nn.GRU(1, h, batch_first=True)
        self.out = nn.Linear(h, 1)

    def forward(self, x):
        _, h = self.gru(x)
        # predicts the change from the last value
        return x[:, -1, 0] + self.out(h[-1]).squeeze(-1)


scores = []
for k, (tr, te) in enumerate(TimeSeriesSplit(n_splits=3, test_size=150).split(series)):
    torch.manual_seed(k)
    mean, std = series[tr].mean(), series[tr].std()
    z = (series - mean) / std
    xt, yt = windows(z[tr])
    # the inputs of the first test targets reach back into known history
    xe, ye = windows(z[te[0] - LOOK: te[-1] + 1])
    assert len(xe) == len(te)
    net = Forecaster()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for epoch in range(8):
        net.train()
        for i in torch.randperm(len(xt)).split(64):   # windows may be shuffled, each stays ordered inside
            loss = nn.functional.mse_loss(net(xt[i]), yt[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        mae = (net(xe) - ye).abs().mean().item() * std
    naive = np.abs(np.diff(series)[te - 1]).mean()
    scores.append(mae)
    print(f"split {k}: MAE {mae:.3f} (last value {naive:.3f})")
print(f"mean MAE {np.mean(scores):.3f}")
