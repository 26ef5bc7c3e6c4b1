"""RealNVP with ActNorm, two dimensions. Exact likelihoods, reported in the units of the raw data."""
import math

import numpy as np
import torch
from sklearn.datasets import make_moons
from torch import nn


class ActNorm(nn.Module):
    """Data-dependent initialisation: the first training batch sets the scale and the shift."""

    def __init__(self, d):
        super().__init__()
        self.log_s, self.b = nn.Parameter(torch.zeros(d)), nn.Parameter(torch.zeros(d))
        self.register_buffer("ready", torch.tensor(False))

    def forward(self, x):
        if self.training and not self.ready:
            with torch.no_grad():
                self.log_s.copy_(-torch.log(x.std(0) + 1e-6))
                self.b.copy_(-x.mean(0))
                self.ready.fill_(True)
        return (x + self.b) * self.log_s.exp(), self.log_s.sum().expand(len(x))

    def inverse(self, y):
        return y * (-self.log_s).exp() - self.b


class Coupling(nn.Module):
    def __init__(self, d, h, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.net = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 2 * d))
        self.scale = nn.Parameter(torch.ones(d))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def st(self, x):
        s, t = self.net(x * self.mask).chunk(2, -1)
        keep = 1 - self.mask
        return torch.tanh(s) * self.scale * keep, t * keep

    def forward(self, x):
        s, t = self.st(x)
        return x * s.exp() + t, s.sum(-1)

    def inverse(self, y):
        s, t = self.st(y)
        return (y - t) * (-s).exp()


class Flow(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def log_prob(self, x):
        total = x.new_zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            total = total + ld
        return total - 0.5 * (x ** 2).sum(-1) - 0.5 * x.size(-1) * math.log(2 * math.pi)

    @torch.no_grad()
    def sample(self, n):
        z = torch.randn(n, 2)
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


def main():
    np.random.seed(0)
    torch.manual_seed(0)
    pts = make_moons(3000, noise=0.08)[0].astype(np.float32) * 10 + 4
    tr, va, te = (torch.from_numpy(p) for p in np.split(pts, [2000, 2500]))
    mean, std = tr.mean(0), tr.std(0)
    units = std.log().sum().item()  # density of x = density of (x - mean) / std, over prod(std)
    norm = lambda t: (t - mean) / std

    mask = torch.tensor([1.0, 0.0])
    layers = []
    for i in range(6):
        layers += [ActNorm(2), Coupling(2, 48, mask if i % 2 == 0 else 1 - mask)]
    flow = Flow(layers)
    opt = torch.optim.Adam(flow.parameters(), lr=3e-3)
    warm = torch.optim.lr_scheduler.LinearLR(opt, 0.1, total_iters=10)
    cos = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 190)
    sched = torch.optim.lr_scheduler.SequentialLR(opt, [warm, cos], milestones=[10])

    best, best_state, it = float("inf"), None, 0
    while it < 200:
        flow.train()
        for batch in norm(tr)[torch.randperm(len(tr))].split(250):
            loss = -flow.log_prob(batch).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
            opt.step()
            sched.step()
            it += 1
        flow.eval()
        with torch.no_grad():
            v = -flow.log_prob(norm(va)).mean().item() + units
        if v < best:
            best, best_state = v, {k: t.clone() for k, t in flow.state_dict().items()}
        if it % 64 == 0:
            print(f"iter {it}: validation nll {v:.4f} nats")

    flow.load_state_dict(best_state)
    flow.eval()
    with torch.no_grad():
        nll = -flow.log_prob(norm(te)).mean().item() + units
        z = norm(te)
        y = z
        for layer in flow.layers:
            y, _ = layer(y)
        for layer in reversed(flow.layers):
            y = layer.inverse(y)
    base = torch.distributions.MultivariateNormal(mean, covariance_matrix=torch.cov(tr.t()))
    print(f"test nll {nll:.4f}, one full Gaussian {-base.log_prob(te).mean().item():.4f}")
    print(f"inversion error {(y - z).abs().max().item():.1e}, sample mean {(flow.sample(2000) * std + mean).mean(0).tolist()}")


if __name__ == "__main__":
    main()
