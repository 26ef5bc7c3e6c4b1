"""Monte-Carlo dropout for regression uncertainty. Dropout is switched on at prediction time on purpose."""
import math
from contextlib import contextmanager

import torch
from torch import nn


def toy(n, g, low=-1.0, high=1.0):
    x = low + (high - low) * torch.rand(n, 1, generator=g)
    return x, x ** 3 - 0.5 * x + 0.05 * torch.randn(n, 1, generator=g)


@contextmanager
def stochastic(model):
    """eval mode for everything, except the dropout layers; restores each module's own mode afterwards."""
    modes = {m: m.training for m in model.modules()}
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()
    try:
        yield
    finally:
        for m, mode in modes.items():
            m.training = mode


class Regressor(nn.Module):
    """Returns mean and log-variance (both (N,1))."""

    def __init__(self, width=64, p=0.05):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p),
                                  nn.Linear(width, width), nn.ReLU(), nn.Dropout(p))
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        mean, log_var = self.head(self.body(x)).chunk(2, dim=1)
        return mean, log_var.clamp(-8, 4)


def gaussian_nll(mean, log_var, y):
    """Without the constant: it may well become negative, for it is a density."""
    return 0.5 * (log_var + (y - mean) ** 2 * torch.exp(-log_var)).mean()


@torch.no_grad()
def predict(model, x, samples=50):
    with stochastic(model):
        draws = [model(x) for _ in range(samples)]
    means = torch.stack([m for m, _ in draws])
    noise = torch.stack([v.exp() for _, v in draws]).mean(0)
    return means.mean(0), means.var(0, unbiased=True), noise        # mean, model variance, noise variance


def main():
    torch.manual_seed(4)
    g = torch.Generator().manual_seed(4)
    x, y = toy(512, g)
    xt, yt = toy(200, g)
    far = torch.linspace(1.6, 2.2, 50)[:, None]
    model = Regressor()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)
    for epoch in range(40):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(x), generator=g).split(64):
            mean, log_var = model(x[rows])
            loss = gaussian_nll(mean, log_var, y[rows])
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            opt.step()
            total += loss.item() * len(rows)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: nll {total / len(x):.3f}")

    model.eval()
    with torch.no_grad():
        plain, _ = model(xt)
    rmse_plain = (plain - yt).square().mean().sqrt().item()
    mean, spread, noise = predict(model, xt)
    assert not any(m.training for m in model.modules())            # as it was before
    total_sd = (spread + noise).sqrt()
    inside = ((yt - mean).abs() <= 1.645 * total_sd).float().mean().item()
    print(f"rmse deterministic {rmse_plain:.4f}, averaged {(mean - yt).square().mean().sqrt().item():.4f}")
    print(f"share inside of the 90 % band {inside:.3f}, mean noise sd {math.sqrt(noise.mean().item()):.4f} (true 0.05)")
    _, spread_far, _ = predict(model, far)
    print(f"model sd near {spread.mean().sqrt().item():.4f}, far away {spread_far.mean().sqrt().item():.4f}")


if __name__ == "__main__":
    main()
