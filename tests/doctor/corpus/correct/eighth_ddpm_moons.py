# DDPM on two moons, epsilon prediction, linear betas, sampling with the EMA weights.
import copy
import math

import torch
import torch.nn as nn
from sklearn.datasets import make_moons

torch.manual_seed(0)
T = 60


class Diffusion(nn.Module):
    def __init__(self, net, T, b0=1e-4, b1=0.12):
        super().__init__()
        self.net, self.T = net, T
        beta = torch.linspace(b0, b1, T)
        alpha = 1 - beta
        abar = alpha.cumprod(0)
        for k, v in dict(beta=beta, alpha=alpha, abar=abar).items():
            self.register_buffer(k, v)

    def loss(self, x0):
        t = torch.randint(self.T, (len(x0),), device=x0.device)
        a = self.abar[t].unsqueeze(1)
        noise = torch.randn_like(x0)
        xt = a.sqrt() * x0 + (1 - a).sqrt() * noise
        return (self.net(xt, t) - noise).square().mean()

    @torch.no_grad()
    def sample(self, n, generator=None):
        x = torch.randn(n, 2, generator=generator)
        for t in reversed(range(self.T)):
            tt = torch.full((n,), t)
            eps = self.net(x, tt)
            x = (x - self.beta[t] / (1 - self.abar[t]).sqrt() * eps) / self.alpha[t].sqrt()
            if t > 0:                                      # no noise in the last step
                x = x + self.beta[t].sqrt() * torch.randn(n, 2, generator=generator)
        return x


class Eps(nn.Module):
    def __init__(self, h=96, d=16):
        super().__init__()
        freq = torch.exp(-math.log(1000.0) * torch.arange(d) / d)
        self.register_buffer("freq", freq, persistent=False)
        self.inp = nn.Linear(2, h)
        self.time = nn.Linear(2 * d, h)
        self.mid = nn.ModuleList(nn.Linear(h, h) for _ in range(2))
        self.out = nn.Linear(h, 2)
        nn.init.zeros_(self.out.weight), nn.init.zeros_(self.out.bias)

    def forward(self, x, t):
        ang = t[:, None] * self.freq
        h = self.inp(x) + self.time(torch.cat([ang.sin(), ang.cos()], -1))
        for lin in self.mid:
            h = h + lin(nn.functional.silu(h))
        return self.out(nn.functional.silu(h))


class EMA:
    def __init__(self, model, decay):
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay, self.n = decay, 0

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))   # short memory while young
        for s, p in zip(self.shadow.parameters(), model.parameters(), strict=True):
            s.lerp_(p, 1 - d)


def mmd(a, b, s=0.3):
    k = lambda u, v: torch.exp(-torch.cdist(u, v).square() / (2 * s * s)).mean()
    return (k(a, a) + k(b, b) - 2 * k(a, b)).item()


if __name__ == "__main__":
    xy, _ = make_moons(2600, noise=0.05, random_state=0)
    xy = torch.tensor(xy, dtype=torch.float32)
    train, held = xy[:2000], xy[2000:]
    mean, std = train.mean(0), train.std(0)
    train = (train - mean) / std

    model = Diffusion(Eps(), T)
    ema = EMA(model, 0.99)
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.05, total_iters=400)
    running = None
    for step in range(400):
        x = train[torch.randint(len(train), (256,))]
        loss = model.loss(x)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        ema.update(model)
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            g = torch.Generator().manual_seed(9)             # same noise at each check
            x = ema.shadow.sample(600, g) * std + mean
            print(f"{step + 1:4d} loss {running:.3f} MMD to held-out points {mmd(x, held):.4f}")
