"""Walk-forward backtest of a causal convolution net. Each origin refits scale and weights on the past only."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.linear_model import Ridge
from torch.nn.utils.parametrizations import weight_norm


@dataclass(frozen=True)
class Config:
    lags: int = 24
    channels: int = 12
    epochs: int = 9
    lr: float = 1e-2
    batch: int = 64
    origins: tuple = (360, 440, 520)
    horizon: int = 80


class CausalConv(nn.Module):
    def __init__(self, a, b, dilation):
        super().__init__()
        self.left = dilation                                  # kernel 2
        self.conv = weight_norm(nn.Conv1d(a, b, 2, dilation=dilation))

    def forward(self, x):
        return self.conv(nn.functional.pad(x, (self.left, 0)))    # padding on the past side only


class TCN(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.inp = nn.Conv1d(1, c, 1)
        self.layers = nn.ModuleList(CausalConv(c, c, 2 ** i) for i in range(4))
        self.out = nn.Conv1d(c, 1, 1)

    def forward(self, x):                                     # (B, T) -> (B, T)
        h = self.inp(x.unsqueeze(1))
        for layer in self.layers:
            h = h + torch.relu(layer(h))
        return x + self.out(h).squeeze(1)                     # predicts the change to the next value


def series(n=600, seed=0):
    rng = np.random.default_rng(seed)
    v = np.zeros(n)
    for t in range(2, n):
        v[t] = 1.5 * v[t - 1] - 0.8 * v[t - 2] + 0.3 * np.sin(v[t - 1]) + rng.normal(0, 0.5)
    return v + 10


def windows(z, lags):
    """Row i holds z[i : i+lags+1]; inputs are its first `lags`, targets the same shifted by one."""
    return torch.tensor(np.lib.stride_tricks.sliding_window_view(z, lags + 1).copy(), dtype=torch.float32)


def fit(z, cfg, seed):
    torch.manual_seed(seed)
    net, w = TCN(cfg.channels), windows(z, cfg.lags)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, cfg.epochs)
    net.train()
    for _ in range(cfg.epochs):
        for rows in torch.randperm(len(w)).split(cfg.batch):
            pred = net(w[rows, :-1])
            loss = nn.functional.mse_loss(pred[:, 15:], w[rows, 16:])     # skip the first 15: field of view 16
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
    return net.eval()


def check_causality(net):
    a = torch.randn(1, 30)
    b = a.clone()
    b[:, 20:] += 1.0
    with torch.no_grad():
        assert torch.allclose(net(a)[:, :20], net(b)[:, :20]) and not torch.allclose(net(a)[:, 20:], net(b)[:, 20:])


def main(cfg=Config()):
    y = series()
    abs_err = {"tcn": [], "ridge": [], "last value": []}
    for k, origin in enumerate(cfg.origins):
        past = y[:origin]
        m, s = past.mean(), past.std()
        z = (y - m) / s
        net = fit(z[:origin], cfg, seed=k)
        check_causality(net)
        # one-step forecasts after the origin: inputs are values known at that time, also those after the origin
        future = windows(z[origin - cfg.lags:origin + cfg.horizon], cfg.lags)
        truth = y[origin:origin + cfg.horizon]
        assert len(future) == cfg.horizon
        with torch.no_grad():
            pred = net(future[:, :-1])[:, -1].numpy() * s + m
        train = windows(z[:origin], cfg.lags).numpy()
        ridge = Ridge(1.0).fit(train[:, :-1], train[:, -1])
        lin = ridge.predict(future[:, :-1].numpy()) * s + m
        for name, p in (("tcn", pred), ("ridge", lin), ("last value", y[origin - 1:origin + cfg.horizon - 1])):
            abs_err[name].append(np.abs(p - truth))
        print(f"origin {origin}: " + ", ".join(f"{n} {e[-1].mean():.3f}" for n, e in abs_err.items()))
    print("all:", {n: round(float(np.concatenate(e).mean()), 4) for n, e in abs_err.items()})


if __name__ == "__main__":
    main()
