import math
import torch
import torch.nn as nn


class Coupling(nn.Module):
    def __init__(self, dim, flip, hidden=32):
        super().__init__()
        self.flip = flip
        self.half = dim // 2
        self.net = nn.Sequential(nn.Linear(self.half, hidden), nn.Tanh(), nn.Linear(hidden, 2 * (dim - self.half)))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def _params(self, a):
        s, t = self.net(a).chunk(2, dim=1)
        return 2 * torch.tanh(s / 2), t

    def forward(self, x):
        """Data to latent; also the log-determinant of this direction."""
        x = x.flip(1) if self.flip else x
        a, b = x[:, :self.half], x[:, self.half:]
        s, t = self._params(a)
        return torch.cat([a, b * s.exp() + t], 1), s.sum(1)

    def inverse(self, z):
        a, b = z[:, :self.half], z[:, self.half:]
        s, t = self._params(a)
        x = torch.cat([a, (b - t) * (-s).exp()], 1)
        return x.flip(1) if self.flip else x


class Flow(nn.Module):
    def __init__(self, dim=2, depth=6):
        super().__init__()
        self.layers = nn.ModuleList([Coupling(dim, flip=bool(i)) for i in range(depth)])
        self.dim = dim

    def log_prob(self, x):
        log_det = torch.zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            log_det = log_det + ld
        base = -0.5 * (x.pow(2).sum(1) + self.dim * math.log(2 * math.pi))
        return base - log_det

    @torch.no_grad()
    def sample(self, n):
        z = torch.randn(n, self.dim)
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


def banana(n):
    a = torch.randn(n) * 1.2
    return torch.stack([a, 0.5 * a.pow(2) - 1 + 0.2 * torch.randn(n)], 1)


torch.manual_seed(7)
flow = Flow()
optimizer = torch.optim.Adam(flow.parameters(), lr=3e-3)
for step in range(300):
    loss = -flow.log_prob(banana(128)).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    optimizer.step()

x = flow.sample(2000)
real = banana(2000)
print(f"nll {loss.item():.3f}; std of samples {[round(v, 2) for v in x.std(0).tolist()]} of data {[round(v, 2) for v in real.std(0).tolist()]}")
