"""Tiny diffusion model on a spiral: random timesteps, weights averaged exponentially, ancestral sampling."""
import math
from copy import deepcopy

import torch
import torch.nn as nn
import torch.nn.functional as F


class Schedule(nn.Module):
    """Only buffers: nothing in here is to be learned."""

    def __init__(self, steps=50, b0=1e-3, b1=0.15):
        super().__init__()
        betas = torch.linspace(b0, b1, steps)
        alphas = 1.0 - betas
        bar = torch.cumprod(alphas, 0)
        prev = F.pad(bar[:-1], (1, 0), value=1.0)
        self.steps = steps
        self.register_buffer("betas", betas)
        self.register_buffer("sqrt_bar", bar.sqrt())
        self.register_buffer("sqrt_one_minus_bar", (1 - bar).sqrt())
        self.register_buffer("recip_sqrt_alpha", alphas.rsqrt())
        self.register_buffer("post_var", betas * (1 - prev) / (1 - bar))

    def q_sample(self, x0, t, noise):
        return self.sqrt_bar[t][:, None] * x0 + self.sqrt_one_minus_bar[t][:, None] * noise


class Denoiser(nn.Module):
    def __init__(self, width=96, freqs=8):
        super().__init__()
        self.register_buffer("freqs", torch.exp(torch.linspace(0, math.log(500.0), freqs)), persistent=False)
        self.inp = nn.Linear(2 + 2 * freqs, width)
        self.mid = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.out = nn.Linear(width, 2)
        nn.init.zeros_(self.out.weight)   # starts as "no noise"
        nn.init.zeros_(self.out.bias)

    def forward(self, x, t01):
        angle = t01[:, None] * self.freqs
        h = F.silu(self.inp(torch.cat([x, angle.sin(), angle.cos()], -1)))
        for layer in self.mid:
            h = h + F.silu(layer(h))
        return self.out(h)


class EMA:
    def __init__(self, model, decay):
        self.decay, self.updates = decay, 0
        self.model = deepcopy(model).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, live):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for avg, p in zip(self.model.parameters(), live.parameters()):
            avg.lerp_(p, 1 - d)
        for avg, b in zip(self.model.buffers(), live.buffers()):
            avg.copy_(b)


def spiral(n, gen=None):
    r = torch.rand(n, generator=gen).sqrt()
    theta = 3 * math.pi * r
    pts = torch.stack([r * theta.cos(), r * theta.sin()], 1)
    return 2.0 * (pts + 0.02 * torch.randn(n, 2, generator=gen))


@torch.inference_mode()
def sample(model, schedule, n):
    x = torch.randn(n, 2)
    for i in reversed(range(schedule.steps)):
        t01 = torch.full((n,), i / schedule.steps)
        eps = model(x, t01)
        mean = schedule.recip_sqrt_alpha[i] * (x - schedule.betas[i] / schedule.sqrt_one_minus_bar[i] * eps)
        x = mean if i == 0 else mean + schedule.post_var[i].sqrt() * torch.randn_like(x)
    return x


def chamfer(a, b):
    d = torch.cdist(a, b)
    return (d.min(1).values.mean() + d.min(0).values.mean()).item()


torch.manual_seed(21)
data = spiral(4000)
reference = spiral(800, torch.Generator().manual_seed(77))
schedule, model = Schedule(), Denoiser()
ema = EMA(model, 0.99)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
total = 600
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 30) * 0.5 * (1 + math.cos(math.pi * s / total)))

running = None
for step in range(total):
    x0 = data[torch.randint(len(data), (256,))]
    t = torch.randint(schedule.steps, (len(x0),))
    noise = torch.randn_like(x0)
    loss = F.mse_loss(model(schedule.q_sample(x0, t, noise), t / schedule.steps), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
    warm.step()
    ema.update(model)
    running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
    if step % 150 == 0:
        print(f"step {step} loss (smoothed) {running:.3f} lr {warm.get_last_lr()[0]:.2e}")

noise_only = chamfer(torch.randn(800, 2), reference)
print(f"chamfer: pure noise {noise_only:.3f}, samples of the averaged model {chamfer(sample(ema.model, schedule, 800), reference):.3f}")
