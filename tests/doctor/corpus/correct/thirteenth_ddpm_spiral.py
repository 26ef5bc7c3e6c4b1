"""Tiny DDPM on a 2-D spiral (epsilon prediction, linear beta schedule, EMA of weights for sampling)."""
import copy
import math

import torch
from torch import nn

torch.manual_seed(0)

T = 60
betas = torch.linspace(1e-3, 0.2, T)
alphas = 1.0 - betas
alpha_bar = torch.cumprod(alphas, dim=0)


def spiral(n):
    r = torch.rand(n).sqrt()
    theta = 3 * math.pi * r
    pts = torch.stack([r * theta.cos(), r * theta.sin()], dim=1)
    return 1.5 * pts + 0.03 * torch.randn(n, 2)


class EpsModel(nn.Module):
    def __init__(self, width=96, n_freq=5):
        super().__init__()
        self.register_buffer("freq", 2.0 ** torch.arange(n_freq).float())
        self.net = nn.Sequential(
            nn.Linear(2 + 2 * n_freq, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 2),
        )

    def forward(self, x, t):
        angle = (t.float() / T)[:, None] * self.freq
        return self.net(torch.cat([x, angle.sin(), angle.cos()], dim=1))


model = EpsModel()
ema = copy.deepcopy(model).requires_grad_(False)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)

data = spiral(4000)
running = 0.0
for it in range(1, 751):
    x0 = data[torch.randint(0, len(data), (256,))]
    t = torch.randint(0, T, (256,))
    noise = torch.randn_like(x0)
    ab = alpha_bar[t].unsqueeze(1)
    xt = ab.sqrt() * x0 + (1 - ab).sqrt() * noise
    loss = ((model(xt, t) - noise) ** 2).mean()

    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for pe, p in zip(ema.parameters(), model.parameters()):
            pe.lerp_(p, 0.01)

    running += loss.item()
    if it % 250 == 0:
        print(f"iter {it}  mean loss {running / 250:.4f}")
        running = 0.0


@torch.no_grad()
def sample(net, n):
    x = torch.randn(n, 2)
    for step in reversed(range(T)):
        t = torch.full((n,), step)
        eps = net(x, t)
        x = (x - betas[step] / (1 - alpha_bar[step]).sqrt() * eps) / alphas[step].sqrt()
        if step > 0:
            x = x + betas[step].sqrt() * torch.randn_like(x)
    return x


ema.eval()
gen = sample(ema, 500)
nearest = torch.cdist(gen, spiral(4000)).min(dim=1).values
print(f"mean distance of samples to the spiral: {nearest.mean().item():.4f}")
