import math

import torch
import torch.nn as nn

torch.manual_seed(64)
STEPS = 50
betas = torch.linspace(1e-3, 0.15, STEPS)
alphas = 1 - betas
alpha_bar = alphas.cumprod(0)


def spiral(n):
    r = torch.rand(n).sqrt()
    angle = 3 * math.pi * r
    return 1.5 * torch.stack([r * angle.cos(), r * angle.sin()], 1) + 0.03 * torch.randn(n, 2)


class Denoiser(nn.Module):
    def __init__(self, width=64, n_freq=8):
        super().__init__()
        self.register_buffer("freq", torch.exp(torch.linspace(0, math.log(100.0), n_freq)))
        self.net = nn.Sequential(nn.Linear(2 + 2 * n_freq, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                                 nn.Linear(width, 2))

    def forward(self, x, t):
        phase = (t.float() / STEPS).unsqueeze(1) * self.freq
        return self.net(torch.cat([x, phase.sin(), phase.cos()], dim=1))


def diffusion_loss(model, x0):
    t = torch.randint(0, STEPS, (len(x0),))
    eps = torch.randn_like(x0)
    ab = alpha_bar[t].unsqueeze(1)
    return (model(ab.sqrt() * x0 + (1 - ab).sqrt() * eps, t) - eps).square().mean()


@torch.no_grad()
def sample(model, n):
    model.eval()
    x = torch.randn(n, 2)
    for t in reversed(range(STEPS)):
        eps = model(x, torch.full((n,), t))
        x = (x - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / alphas[t].sqrt()
        if t > 0:
            x = x + betas[t].sqrt() * torch.randn_like(x)
    return x


data, held_out = spiral(2000), spiral(500)
model = Denoiser()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(30):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(data)).split(100):
        loss = diffusion_loss(model, data[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} loss {total / len(data):.3f}")
nearest = torch.cdist(sample(model, 500), held_out).min(1).values
print(f"mean distance of samples to held-out data {nearest.mean().item():.3f}")
