import math
import torch
import torch.nn as nn


class Schedule:
    """All constants of the diffusion process in one place."""

    def __init__(self, steps: int = 60):
        beta = torch.linspace(1e-3, 0.15, steps)
        self.steps = steps
        self.beta = beta
        self.alpha = 1.0 - beta
        self.alpha_bar = torch.cumprod(self.alpha, dim=0)

    def add_noise(self, x0: torch.Tensor, t: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        a = self.alpha[t].view(-1, 1)
        return a.sqrt() * x0 + (1.0 - a).sqrt() * noise


class Denoiser(nn.Module):
    def __init__(self, dim: int, hidden: int = 64):
        super().__init__()
        self.inp = nn.Linear(dim, hidden)
        self.time = nn.Linear(16, hidden)
        self.mid = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.out = nn.Linear(hidden, dim)

    @staticmethod
    def embed(t: torch.Tensor) -> torch.Tensor:
        f = torch.exp(-math.log(1000.0) * torch.arange(8) / 8)
        arg = t.float().unsqueeze(1) * f
        return torch.cat([arg.sin(), arg.cos()], dim=1)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.out(self.mid(self.inp(x) + self.time(self.embed(t))))


class Diffusion:
    def __init__(self, net: nn.Module, schedule: Schedule):
        self.net, self.s = net, schedule

    def loss(self, x0: torch.Tensor) -> torch.Tensor:
        t = torch.randint(0, self.s.steps, (x0.size(0),))
        noise = torch.randn_like(x0)
        return ((self.net(self.s.add_noise(x0, t, noise), t) - noise) ** 2).mean()

    @torch.no_grad()
    def sample(self, n: int, dim: int) -> torch.Tensor:
        self.net.eval()
        x = torch.randn(n, dim)
        for i in range(self.s.steps - 1, -1, -1):
            eps = self.net(x, torch.full((n,), i))
            coef = self.s.beta[i] / (1 - self.s.alpha_bar[i]).sqrt()
            x = (x - coef * eps) / self.s.alpha[i].sqrt()
            if i:
                x = x + self.s.beta[i].sqrt() * torch.randn_like(x)
        return x


def data(n: int) -> torch.Tensor:
    side = (torch.rand(n, 1) < 0.85).float() * 2 - 1
    return torch.cat([1.2 * side, -0.6 * side, 0.4 * side], 1) + 0.1 * torch.randn(n, 3)


def main() -> None:
    torch.manual_seed(2)
    diff = Diffusion(Denoiser(3), Schedule())
    optimizer = torch.optim.Adam(diff.net.parameters(), lr=2e-3)
    for step in range(1000):
        diff.net.train()
        loss = diff.loss(data(128))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    modes = torch.tensor([[1.2, -0.6, 0.4], [-1.2, 0.6, -0.4]])
    near, which = torch.cdist(diff.sample(1000, 3), modes).min(1)
    print(f"last loss {loss.item():.3f}; distance to the nearest mode {near.mean().item():.3f}; share of the first mode {(which == 0).float().mean().item():.3f} (data 0.85)")


main()
