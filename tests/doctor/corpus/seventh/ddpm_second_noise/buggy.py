import math
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


class TimeMLP(nn.Module):
    """eps-predictor for 2-d points; sinusoidal time code."""

    def __init__(self, hidden: int = 96, n_freq: int = 8) -> None:
        super().__init__()
        self.register_buffer("freq", torch.exp(torch.linspace(0.0, math.log(40.0), n_freq)))
        self.net = nn.Sequential(
            nn.Linear(2 + 2 * n_freq, hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, 2),
        )

    def forward(self, x: Tensor, tau: Tensor) -> Tensor:
        arg = tau[:, None] * self.freq
        return self.net(torch.cat([x, arg.sin(), arg.cos()], dim=1))


class Diffusion:
    def __init__(self, steps: int = 60) -> None:
        self.steps = steps
        self.beta = torch.linspace(1e-3, 0.15, steps)
        self.alpha = 1.0 - self.beta
        self.abar = torch.cumprod(self.alpha, dim=0)

    def q_sample(self, x0: Tensor, t: Tensor, eps: Optional[Tensor] = None) -> Tensor:
        if eps is None:
            eps = torch.randn_like(x0)
        ab = self.abar[t][:, None]
        return ab.sqrt() * x0 + (1.0 - ab).sqrt() * eps

    def loss(self, model: nn.Module, x0: Tensor) -> Tensor:
        t = torch.randint(0, self.steps, (x0.size(0),))
        eps = torch.randn_like(x0)
        xt = self.q_sample(x0, t)
        return F.mse_loss(model(xt, t.float() / self.steps), eps)

    @torch.no_grad()
    def sample(self, model: nn.Module, n: int) -> Tensor:
        model.eval()
        x = torch.randn(n, 2)
        for t in reversed(range(self.steps)):
            tau = torch.full((n,), t / self.steps)
            e = model(x, tau)
            x = (x - self.beta[t] / (1.0 - self.abar[t]).sqrt() * e) / self.alpha[t].sqrt()
            if t > 0:
                x = x + self.beta[t].sqrt() * torch.randn_like(x)
        return x


def two_arcs(n: int) -> Tensor:
    a = torch.rand(n) * math.pi
    upper = torch.rand(n) < 0.5
    x = torch.where(upper, a.cos() - 0.5, 0.5 - a.cos())
    y = torch.where(upper, a.sin() - 0.25, 0.25 - a.sin())
    return 1.3 * torch.stack([x, y], dim=1) + 0.05 * torch.randn(n, 2)


def main() -> None:
    torch.manual_seed(8)
    data = two_arcs(4000)
    ddpm, model = Diffusion(), TimeMLP()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    running = 0.0
    for step in range(1, 801):
        idx = torch.randint(0, len(data), (128,))
        loss = ddpm.loss(model, data[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item()
        if step % 200 == 0:
            print(f"step {step} loss {running / 200:.3f}")
            running = 0.0
    s = ddpm.sample(model, 1000)
    dist = torch.cdist(s, two_arcs(1000)).min(dim=1).values
    print(f"mean distance to the data {dist.mean():.3f}")


if __name__ == "__main__":
    main()
