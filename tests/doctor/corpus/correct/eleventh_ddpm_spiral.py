"""Denoising diffusion in two dimensions."""
import numpy as np
import torch
from torch import nn

torch.manual_seed(50)
np.random.seed(50)

T = 40
betas = torch.linspace(1e-3, 0.2, T)
alphas = 1 - betas
abar = torch.cumprod(alphas, dim=0)

u = np.pi * (0.5 + 1.5 * np.random.rand(1500))
curve = np.stack([u * np.cos(u), u * np.sin(u)], 1) + 0.1 * np.random.randn(1500, 2)
data = torch.tensor(curve, dtype=torch.float32)
data = (data - data.mean(0)) / data.std(0)


class Denoiser(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.time = nn.Embedding(T, width)
        self.inp = nn.Linear(2, width)
        self.mid = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.out = nn.Linear(width, 2)

    def forward(self, x, t):
        return self.out(self.mid(self.inp(x) + self.time(t)))


model = Denoiser()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)


def diffuse(x0, t, noise):
    a = abar[t].unsqueeze(1)
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


@torch.no_grad()
def sample(n):
    model.eval()
    x = torch.randn(n, 2)
    for t in reversed(range(T)):
        eps = model(x, torch.full((n,), t))
        x = (x - betas[t] / (1 - abar[t]).sqrt() * eps) / alphas[t].sqrt()
        if t > 0:
            var = betas[t] * (1 - abar[t - 1]) / (1 - abar[t])
            x = x + var.sqrt() * torch.randn_like(x)
    model.train()
    return x


model.train()
for epoch in range(1, 41):
    total = 0.0
    for b in torch.randperm(len(data)).split(125):
        x0 = data[b]
        t = torch.randint(T, (len(x0),))
        noise = torch.randn_like(x0)
        loss = nn.functional.mse_loss(model(diffuse(x0, t, noise), t), noise)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(x0)
    if epoch % 10 == 0:
        made = sample(500)
        gap = torch.cdist(made, data).min(1).values.mean()
        print(f"epoch {epoch}: loss {total / len(data):.3f}, samples lie {gap:.3f} from the data")
print("distance of plain noise:", torch.cdist(torch.randn(500, 2), data).min(1).values.mean().item())
