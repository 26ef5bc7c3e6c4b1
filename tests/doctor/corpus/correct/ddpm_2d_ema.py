import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
T = 50
betas = torch.linspace(1e-4, 0.2, T)
alphas = 1.0 - betas
abar = torch.cumprod(alphas, 0)


def moons(n):
    t = torch.rand(n) * math.pi
    up = torch.randint(2, (n,)).float()
    x = torch.where(up > 0, t.cos(), 1 - t.cos())
    y = torch.where(up > 0, t.sin(), 0.5 - t.sin())
    pts = torch.stack([x - 0.5, y - 0.25], 1)
    return pts + 0.05 * torch.randn(n, 2)


class Eps(nn.Module):
    def __init__(self, h=64):
        super().__init__()
        self.register_buffer("freqs", 2.0 ** torch.arange(4))
        self.net = nn.Sequential(nn.Linear(2 + 8, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        a = (t.float() / T).unsqueeze(1) * self.freqs * math.pi
        return self.net(torch.cat([x, a.sin(), a.cos()], 1))


@torch.no_grad()
def ema_update(avg, model, decay):
    for p, q in zip(avg.parameters(), model.parameters()):
        p.lerp_(q, 1 - decay)
    for p, q in zip(avg.buffers(), model.buffers()):
        p.copy_(q)


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        eps = model(x, t)
        mean = (x - betas[i] / (1 - abar[i]).sqrt() * eps) / alphas[i].sqrt()
        if i > 0:
            var = betas[i] * (1 - abar[i - 1]) / (1 - abar[i])
            x = mean + var.sqrt() * torch.randn_like(x)
        else:
            x = mean
    return x


model = Eps()
avg = copy.deepcopy(model).requires_grad_(False).eval()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
STEPS = 500
for step in range(1, STEPS + 1):
    x0 = moons(256)
    t = torch.randint(0, T, (len(x0),))
    noise = torch.randn_like(x0)
    a = abar[t].unsqueeze(1)
    xt = a.sqrt() * x0 + (1 - a).sqrt() * noise
    loss = F.mse_loss(model(xt, t), noise)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    # the average forgets its random start quickly
    ema_update(avg, model, decay=min(0.99, (1 + step) / (10 + step)))
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.3f}")

fake, real = sample(avg, 1000), moons(1000)
dist = torch.cdist(fake, real).min(1).values
print(f"median distance of a sample to the data: {dist.median():.3f}")
