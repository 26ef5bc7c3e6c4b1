"""DDPM with an EMA copy for sampling on a 2-D mixture."""
import copy
import math

import torch
from torch import nn

T, BATCH, STEPS = 50, 128, 1300
torch.manual_seed(80)
betas = torch.linspace(1e-3, 0.2, T)
alphas = 1 - betas
abar = alphas.cumprod(0)


def data(n):
    k = torch.randint(0, 4, (n,))
    c = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return c[k] + 0.1 * torch.randn(n, 2)


class Denoiser(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.register_buffer("freq", torch.exp(torch.linspace(0, math.log(100), 8)))
        self.net = nn.Sequential(nn.Linear(2 + 16, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        ang = (t.float() / T).unsqueeze(1) * self.freq
        return self.net(torch.cat([x, ang.sin(), ang.cos()], 1))


class EMA:
    def __init__(self, model, decay):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay, self.n = decay, 0

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        for e, p in zip(self.model.parameters(), model.parameters()):
            e.lerp_(p, 1 - d)
        for e, b in zip(self.model.buffers(), model.buffers()):
            e.copy_(b)


def noise_loss(model, x0, t, eps):
    a = abar[t].unsqueeze(1)
    xt = a.sqrt() * x0 + (1 - a).sqrt() * eps
    return (model(xt, t) - eps).pow(2).mean()


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


model = Denoiser()
ema = EMA(model, 0.99)
opt = torch.optim.AdamW(model.parameters(), lr=6e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=STEPS)
vx, vt, ve = data(1000), torch.randint(0, T, (1000,)), torch.randn(1000, 2)  # fixed validation draw
for step in range(1, STEPS + 1):
    model.train()
    x0 = data(BATCH)
    loss = noise_loss(model, x0, torch.randint(0, T, (BATCH,)), torch.randn(BATCH, 2))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    ema.update(model)
    if step % 325 == 0:
        model.eval()
        with torch.no_grad():
            raw, avg = noise_loss(model, vx, vt, ve).item(), noise_loss(ema.model, vx, vt, ve).item()
        print(f"step {step}: val raw {raw:.4f} ema {avg:.4f}")
s = sample(ema.model, 1000)
print(f"mean |coordinate| {s.abs().mean():.3f} (target about 1); share near a mode {((s.abs() - 1).abs().amax(1) < 0.35).float().mean():.3f}")
