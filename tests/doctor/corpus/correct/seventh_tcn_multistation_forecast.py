# Global TCN forecaster for many stations: per-station scaling on the training span, causal dilated convolutions
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalConv(nn.Module):
    def __init__(self, i, o, k, d):
        super().__init__()
        self.left = (k - 1) * d
        self.conv = nn.Conv1d(i, o, k, dilation=d)
        self.skip = nn.Conv1d(i, o, 1) if i != o else nn.Identity()

    def forward(self, x):
        return F.relu(self.conv(F.pad(x, (self.left, 0)))) + self.skip(x)


class TCN(nn.Module):
    def __init__(self, c_in, c=16, dilations=(1, 2, 4, 8)):
        super().__init__()
        sizes = [c_in] + [c] * len(dilations)
        self.body = nn.Sequential(*[CausalConv(i, o, 3, d) for i, o, d in zip(sizes, sizes[1:], dilations)])
        self.out = nn.Conv1d(c, 1, 1)

    def forward(self, x):                      # (B, C, T) -> next value at every time, (B, T)
        return self.out(self.body(x)).squeeze(1)


def simulate(stations, days, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(days)
    phase, amp, level = (rng.uniform(a, b, (stations, 1)) for a, b in ((0, 6.28), (2, 8), (5, 40)))
    noise = np.zeros((stations, days))
    for i in range(1, days):
        noise[:, i] = 0.7 * noise[:, i - 1] + rng.normal(0, 0.7, stations)
    weekly = np.where(t % 7 >= 5, 2.0, 0.0)
    return level + amp * np.sin(2 * np.pi * t / 30 + phase) + weekly + noise, t


def features(z, t):
    dow = np.stack([np.sin(2 * np.pi * (t + 1) / 7), np.cos(2 * np.pi * (t + 1) / 7)])   # of the day being predicted
    dow = np.broadcast_to(dow, (len(z), *dow.shape))
    return torch.tensor(np.concatenate([z[:, None], dow], 1), dtype=torch.float32)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--stations", type=int, default=24)
    ap.add_argument("--epochs", type=int, default=40)
    ap.add_argument("--window", type=int, default=64)
    a = ap.parse_args()
    torch.manual_seed(0)
    series, t = simulate(a.stations, 420, seed=0)
    n_train, n_val = 300, 360
    mu, sd = series[:, :n_train].mean(1, keepdims=True), series[:, :n_train].std(1, keepdims=True)
    z = (series - mu) / sd
    x = features(z, t)[:, :, :-1]
    y = torch.tensor(z[:, 1:], dtype=torch.float32)          # y[:, i] is day i + 1

    model = TCN(3)
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=a.epochs)
    warm = 31                                                # receptive field: no loss before it is filled

    def mae(lo, hi):
        """Mean absolute error, in station units, over the days lo .. hi - 1."""
        model.eval()
        with torch.no_grad():
            pred = model(x).numpy() * sd + mu
        return np.abs(pred[:, lo - 1:hi - 1] - series[:, lo:hi]).mean()

    best, state = np.inf, None
    for epoch in range(a.epochs):
        model.train()
        for s in torch.randperm(a.stations).split(8):
            start = int(torch.randint(0, n_train - a.window, ()))
            sl = slice(start, start + a.window)              # its last target is day start + window <= n_train - 1
            loss = F.l1_loss(model(x[s][:, :, sl])[:, warm - 1:], y[s, sl][:, warm - 1:])
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        sched.step()
        v = mae(n_train, n_val)
        if v < best:
            best, state = v, {k: p.clone() for k, p in model.state_dict().items()}
        if epoch % 10 == 9:
            print(f"epoch {epoch} val MAE {v:.3f}")
    model.load_state_dict(state)
    naive = np.abs(series[:, n_val:] - series[:, n_val - 1:-1]).mean()
    print(f"test MAE {mae(n_val, series.shape[1]):.3f}, yesterday's value {naive:.3f}")


if __name__ == "__main__":
    main()
