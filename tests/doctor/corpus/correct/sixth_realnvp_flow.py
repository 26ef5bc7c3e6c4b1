"""RealNVP in 2-d; maximum likelihood, the loss may well be negative; exact inverse is tested."""
from __future__ import annotations

import math
from functools import reduce

import torch
from sklearn.datasets import make_circles
from torch import Tensor, nn


class ActNorm(nn.Module):
    """Scale and shift set from the first training batch, learned from there on."""

    initialised: Tensor

    def __init__(self, d: int):
        super().__init__()
        self.log_s = nn.Parameter(torch.zeros(d))
        self.b = nn.Parameter(torch.zeros(d))
        self.register_buffer("initialised", torch.tensor(False))

    @torch.no_grad()
    def _init(self, x):
        self.log_s.copy_(-x.std(0).clamp_min(1e-4).log())
        self.b.copy_(-(x * self.log_s.exp()).mean(0))
        self.initialised.fill_(True)

    def forward(self, x):
        if self.training and not self.initialised:
            self._init(x)
        return x * self.log_s.exp() + self.b, self.log_s.sum().expand(len(x))

    def inverse(self, z):
        return (z - self.b) * (-self.log_s).exp()


class Coupling(nn.Module):
    def __init__(self, flip: bool, hidden: int = 48):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 2))
        self.net[-1].weight.data.mul_(0.01)
        self.net[-1].bias.data.zero_()

    def _split(self, x):
        a, b = x.chunk(2, -1)
        return (b, a) if self.flip else (a, b)

    def _join(self, a, b):
        return torch.cat((b, a) if self.flip else (a, b), -1)

    def forward(self, x):
        a, b = self._split(x)
        s, t = self.net(a).chunk(2, -1)
        s = 2 * torch.tanh(s / 2)
        return self._join(a, b * s.exp() + t), s.sum(-1)

    def inverse(self, z):
        a, b = self._split(z)
        s, t = self.net(a).chunk(2, -1)
        s = 2 * torch.tanh(s / 2)
        return self._join(a, (b - t) * (-s).exp())


class Flow(nn.Module):
    def __init__(self, depth: int = 6):
        super().__init__()
        self.parts = nn.ModuleList()
        for k in range(depth):
            self.parts += [ActNorm(2), Coupling(flip=bool(k % 2))]

    def forward(self, x):
        logdet = x.new_zeros(len(x))
        for part in self.parts:
            x, ld = part(x)
            logdet = logdet + ld
        return x, logdet

    def log_prob(self, x):
        z, logdet = self(x)
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1) + logdet

    def inverse(self, z):
        return reduce(lambda v, part: part.inverse(v), reversed(self.parts), z)


def nll(model, x):
    return -model.log_prob(x).mean()


def main():
    torch.manual_seed(2)
    pts, _ = make_circles(3600, noise=0.03, factor=0.5, random_state=2)
    x = torch.tensor(pts, dtype=torch.float32)
    train, val, test = x[:2400], x[2400:3000], x[3000:]
    model = Flow()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=2, factor=0.5)
    best, kept = math.inf, None
    for epoch in range(14):
        model.train()
        for batch in train[torch.randperm(len(train))].split(150):
            opt.zero_grad()
            loss = nll(model, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
        model.eval()
        with torch.no_grad():
            v = nll(model, val).item()
        plateau.step(v)
        if v < best:
            best, kept = v, {k: t.clone() for k, t in model.state_dict().items()}
        if epoch % 4 == 0:
            print(f"epoch {epoch} val nll {v:+.3f} nats")
    model.load_state_dict(kept)
    with torch.no_grad():
        z, _ = model(test)
        error = (model.inverse(z) - test).abs().max().item()
        gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.T))
        print(f"test nll {nll(model, test).item():+.3f}; single Gaussian {-gauss.log_prob(test).mean().item():+.3f}; inverse error {error:.1e}")


if __name__ == "__main__":
    main()
