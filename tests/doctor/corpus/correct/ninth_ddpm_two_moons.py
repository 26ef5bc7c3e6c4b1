"""DDPM in two dimensions: noise prediction, ancestral sampling, sliced Wasserstein distance to held-out data."""
import argparse
import math

import torch
from torch import nn


def moons(n, gen):
    t = math.pi * torch.rand(n, generator=gen)
    up = torch.rand(n, generator=gen) < 0.5
    x = torch.where(up, torch.cos(t), 1 - torch.cos(t))
    y = torch.where(up, torch.sin(t), 0.5 - torch.sin(t))
    return torch.stack([x, y], 1) + 0.06 * torch.randn(n, 2, generator=gen)


class Schedule:
    def __init__(self, T):
        self.T = T
        self.beta = torch.linspace(1e-3, 0.2, T)
        self.alpha = 1 - self.beta
        self.abar = self.alpha.cumprod(0)

    def noise(self, x0, t, eps):
        a = self.abar[t][:, None]
        return a.sqrt() * x0 + (1 - a).sqrt() * eps


class Denoiser(nn.Module):
    def __init__(self, T, width=96, freqs=4):
        super().__init__()
        self.register_buffer("freq", 2 ** torch.arange(freqs) * math.pi / 2)
        self.T = T
        self.net = nn.Sequential(nn.Linear(2 + 2 * freqs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                                 nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x, t):
        ang = (t.float() / self.T)[:, None] * self.freq
        return self.net(torch.cat([x, ang.sin(), ang.cos()], 1))


@torch.no_grad()
def sample(model, sch, n):
    model.eval()
    x = torch.randn(n, 2)
    for t in reversed(range(sch.T)):
        eps = model(x, torch.full((n,), t))
        mean = (x - sch.beta[t] / (1 - sch.abar[t]).sqrt() * eps) / sch.alpha[t].sqrt()
        x = mean + (sch.beta[t].sqrt() * torch.randn_like(x) if t > 0 else 0)
    return x


def sliced_w1(a, b, n_proj=32):
    d = torch.randn(2, n_proj)
    d = d / d.norm(dim=0)
    return ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--timesteps", type=int, default=40)
    ap.add_argument("--iters", type=int, default=1200)
    args = ap.parse_args()
    torch.manual_seed(50)
    g = torch.Generator().manual_seed(50)
    train, held_out = moons(2000, g), moons(500, g)
    mu, sd = train.mean(0), train.std(0)
    train, held_out = (train - mu) / sd, (held_out - mu) / sd

    sch, model = Schedule(args.timesteps), Denoiser(args.timesteps)
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    decay = torch.optim.lr_scheduler.LinearLR(opt, start_factor=1.0, end_factor=0.05, total_iters=args.iters)
    running = None
    for it in range(1, args.iters + 1):
        model.train()
        x0 = train[torch.randint(len(train), (128,))]
        t = torch.randint(0, sch.T, (len(x0),))
        eps = torch.randn_like(x0)
        loss = (model(sch.noise(x0, t, eps), t) - eps).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        decay.step()
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if it % 400 == 0:
            print(f"iter {it} loss {running:.3f} SW1 {sliced_w1(sample(model, sch, 500), held_out):.3f}")
    print(f"reference: train sample vs held-out {sliced_w1(train[:500], held_out):.3f}, gaussian {sliced_w1(torch.randn(500, 2), held_out):.3f}")


if __name__ == "__main__":
    main()
