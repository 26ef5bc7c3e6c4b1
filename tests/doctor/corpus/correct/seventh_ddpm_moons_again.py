# minimal DDPM on two moons, single file
import math

import torch
from sklearn.datasets import make_moons
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
T = 50
betas = torch.linspace(1e-3, 0.15, T)
alphas = 1.0 - betas
abar = torch.cumprod(alphas, 0)

x_np, _ = make_moons(4000, noise=0.05, random_state=0)
data = torch.tensor(x_np, dtype=torch.float32)
mu, sd = data[:3500].mean(0), data[:3500].std(0)
data = (data - mu) / sd
train, held = data[:3500], data[3500:]


def time_embedding(t, dim=32):
    half = dim // 2
    f = torch.exp(-math.log(1000.0) * torch.arange(half, dtype=torch.float32) / half)
    a = t.float()[:, None] * f[None]
    return torch.cat([a.sin(), a.cos()], dim=-1)


class Eps(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 + 32, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, time_embedding(t)], 1))


def q_sample(x0, t, eps):
    a = abar[t][:, None]
    return a.sqrt() * x0 + (1 - a).sqrt() * eps


def loss_fn(model, x0, gen=None):
    t = torch.randint(0, T, (len(x0),), generator=gen)
    eps = torch.randn(x0.shape, generator=gen)
    return (model(q_sample(x0, t, eps), t) - eps).square().mean()


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        eps = model(x, t)
        mean = (x - betas[i] / (1 - abar[i]).sqrt() * eps) / alphas[i].sqrt()
        noise = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
        var = betas[i] * (1 - abar[i - 1]) / (1 - abar[i]) if i > 0 else torch.tensor(0.0)
        x = mean + var.sqrt() * noise
    return x * sd + mu


model = Eps()
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.99))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
STEPS = 450
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=STEPS)
for step in range(1, STEPS + 1):
    idx = torch.randint(len(train), (256,))
    loss = loss_fn(model, train[idx])
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    sched.step()
    ema.update_parameters(model)
    if step % 150 == 0:
        g = torch.Generator().manual_seed(99)
        with torch.no_grad():
            held_loss = loss_fn(ema, held.repeat(4, 1), gen=g)
        print(f"step {step} train {loss.item():.3f} held-out {held_loss.item():.3f}")

s = sample(ema, 1000)
d = torch.cdist(s, held * sd + mu).min(1).values
print("sample mean", s.mean(0).tolist(), "median distance to held-out data", round(d.median().item(), 3))
