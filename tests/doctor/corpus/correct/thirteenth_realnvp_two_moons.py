import torch
import torch.nn as nn
from torch.distributions import MultivariateNormal

torch.manual_seed(13)


class Coupling(nn.Module):
    def __init__(self, flip, hidden=48):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(
            nn.Linear(1, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2)
        )
        # start as the identity map
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def _split(self, x):
        a, b = x.chunk(2, dim=1)
        return (b, a) if self.flip else (a, b)

    def _join(self, a, b):
        return torch.cat([b, a] if self.flip else [a, b], dim=1)

    def forward(self, x):
        a, b = self._split(x)
        s, t = self.net(a).chunk(2, dim=1)
        s = torch.tanh(s)
        return self._join(a, b * s.exp() + t), s.squeeze(1)

    def inverse(self, z):
        a, b = self._split(z)
        s, t = self.net(a).chunk(2, dim=1)
        s = torch.tanh(s)
        return self._join(a, (b - t) * (-s).exp())


class RealNVP(nn.Module):
    def __init__(self, n_layers=6):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(flip=i % 2 == 1) for i in range(n_layers))
        self.register_buffer("loc", torch.zeros(2))
        self.register_buffer("cov", torch.eye(2))

    def base(self):
        return MultivariateNormal(self.loc, self.cov)

    def log_prob(self, x):
        logdet = x.new_zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            logdet = logdet + ld
        return self.base().log_prob(x) + logdet

    @torch.no_grad()
    def sample(self, n):
        z = self.base().sample((n,))
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


def two_moons(n):
    t = torch.pi * torch.rand(n)
    top = torch.stack([t.cos(), t.sin()], 1)
    bottom = torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)
    pick = (torch.rand(n, 1) < 0.5)
    return torch.where(pick, top, bottom) + 0.08 * torch.randn(n, 2)


train, test = two_moons(2000), two_moons(1000)
mu, sd = train.mean(0), train.std(0)
train, test = (train - mu) / sd, (test - mu) / sd

flow = RealNVP()
opt = torch.optim.Adam(flow.parameters(), lr=3e-3)
for epoch in range(10):
    flow.train()
    for xb in train[torch.randperm(len(train))].split(100):
        loss = -flow.log_prob(xb).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
        opt.step()
    if epoch % 3 == 0:
        flow.eval()
        with torch.no_grad():
            print(f"epoch {epoch}: test nll {-flow.log_prob(test).mean().item():.3f}")

samples = flow.sample(5) * sd + mu
print(samples.numpy().round(2))
