"""Exact GP regression: kernel hyper-parameters by LBFGS on the marginal likelihood (full batch, closure, float64, restarts)."""
import math

import numpy as np
import torch
from torch import nn


class GP(nn.Module):
    def __init__(self, x, y, init):
        super().__init__()
        self.register_buffer("x", x)
        self.register_buffer("y", y)
        # log-parametrised, hence positive without clamps
        self.log_scale = nn.Parameter(torch.as_tensor(init[0], dtype=x.dtype))
        self.log_amp = nn.Parameter(torch.as_tensor(init[1], dtype=x.dtype))
        self.log_noise = nn.Parameter(torch.as_tensor(init[2], dtype=x.dtype))

    def kernel(self, a, b):
        return (2 * self.log_amp).exp() * torch.exp(-0.5 * torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square() * (-2 * self.log_scale).exp())

    def chol(self):
        n = len(self.x)
        k = self.kernel(self.x, self.x) + ((2 * self.log_noise).exp() + 1e-8) * torch.eye(n, dtype=self.x.dtype)
        return torch.linalg.cholesky(k)

    def nll(self):
        L = self.chol()
        alpha = torch.cholesky_solve(self.y[:, None], L)[:, 0]
        return 0.5 * self.y @ alpha + L.diagonal().log().sum() + 0.5 * len(self.y) * math.log(2 * math.pi)

    @torch.no_grad()
    def predict(self, xs):
        L = self.chol()
        ks = self.kernel(self.x, xs)
        mean = ks.T @ torch.cholesky_solve(self.y[:, None], L)[:, 0]
        v = torch.linalg.solve_triangular(L, ks, upper=False)
        var = (2 * self.log_amp).exp() - v.square().sum(0) + (2 * self.log_noise).exp()
        return mean, var.sqrt()


def fit(gp, max_iter=40):
    opt = torch.optim.LBFGS(gp.parameters(), lr=1.0, max_iter=max_iter, line_search_fn="strong_wolfe", tolerance_grad=1e-6)

    def closure():
        opt.zero_grad()
        loss = gp.nll()
        loss.backward()
        return loss

    start = opt.step(closure)  # a single call: LBFGS iterates inside; it returns the loss before the first move
    with torch.no_grad():
        return start.item(), gp.nll().item()


def main():
    torch.set_default_dtype(torch.float64)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(120, 1, generator=g) * 8 - 4
    y = torch.sin(2 * x[:, 0]) + 0.3 * x[:, 0] + 0.1 * torch.randn(120, generator=g)
    xt, yt, xs, ys = x[:80], y[:80], x[80:], y[80:]
    mu, sd = yt.mean(), yt.std()
    rng = np.random.default_rng(1)
    runs = []
    for _ in range(4):
        gp = GP(xt, (yt - mu) / sd, rng.normal([0.0, 0.0, -1.0], 0.5))
        before, after = fit(gp)
        print(f"restart: -log evidence {before:9.3f} -> {after:8.3f}")
        runs.append((after, gp))
    _, best = min(runs, key=lambda r: r[0])  # chosen by the evidence of the training data alone
    mean, std = best.predict(xs)
    mean, std = mean * sd + mu, std * sd
    rmse = (mean - ys).square().mean().sqrt()
    inside = ((mean - ys).abs() < 1.96 * std).double().mean()
    lpd = torch.distributions.Normal(mean, std).log_prob(ys).mean()
    print(f"test rmse {rmse.item():.4f}  95% interval covers {inside.item():.2f}  log density {lpd.item():.3f}")
    print(f"noise {(best.log_noise.exp() * sd).item():.3f} length {best.log_scale.exp().item():.3f}")


if __name__ == "__main__":
    main()
