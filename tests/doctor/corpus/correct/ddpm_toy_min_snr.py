"""DDPM on 2-D data: cosine schedule, random t per sample, classifier-free guidance, EMA weights swapped in for sampling."""
import math
from contextlib import contextmanager

import torch
import torch.nn as nn


class Schedule(nn.Module):
    def __init__(self, T=40):
        super().__init__()
        s = torch.arange(T + 1, dtype=torch.float64) / T
        f = torch.cos((s + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.9)
        abar = torch.cumprod(1 - betas, 0)
        for name, v in {"betas": betas, "abar": abar}.items():
            self.register_buffer(name, v.float(), persistent=False)
        self.T = T

    def q_sample(self, x0, t, eps):
        a = self.abar[t].unsqueeze(1)
        return a.sqrt() * x0 + (1 - a).sqrt() * eps


class Denoiser(nn.Module):
    NULL = 2  # index of the "no class" embedding

    def __init__(self, T, width=96):
        super().__init__()
        self.T = T
        self.cls = nn.Embedding(3, 16)
        self.net = nn.Sequential(nn.Linear(2 + 16 + 16, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def time(self, t):
        freq = torch.exp(torch.linspace(0, 4, 8, device=t.device))
        arg = (t.float() / self.T).unsqueeze(1) * freq
        return torch.cat([arg.sin(), arg.cos()], 1)

    def forward(self, x, t, y):
        return self.net(torch.cat([x, self.time(t), self.cls(y)], 1))


class EMA:
    def __init__(self, model, decay=0.98):
        self.model, self.decay, self.updates = model, decay, 0
        self.shadow = {n: p.detach().clone() for n, p in model.named_parameters()}

    @torch.no_grad()
    def update(self):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for n, p in self.model.named_parameters():
            self.shadow[n].mul_(d).add_(p, alpha=1 - d)

    @contextmanager
    def applied(self):
        backup = {n: p.detach().clone() for n, p in self.model.named_parameters()}
        with torch.no_grad():
            for n, p in self.model.named_parameters():
                p.copy_(self.shadow[n])
        try:
            yield self.model
        finally:
            with torch.no_grad():
                for n, p in self.model.named_parameters():
                    p.copy_(backup[n])


def data(n, g):
    y = torch.randint(2, (n,), generator=g)
    r = 0.5 + y.float()
    a = 2 * math.pi * torch.rand(n, generator=g)
    return torch.stack([r * a.cos(), r * a.sin()], 1) + 0.03 * torch.randn(n, 2, generator=g), y


@torch.no_grad()
def sample(model, sch, y, guidance, g):
    model.eval()
    x = torch.randn(len(y), 2, generator=g)
    null = torch.full_like(y, Denoiser.NULL)
    for i in reversed(range(sch.T)):
        t = torch.full_like(y, i)
        e_c, e_u = model(x, t, y), model(x, t, null)
        eps = e_u + guidance * (e_c - e_u)
        b, ab = sch.betas[i], sch.abar[i]
        x = (x - b / (1 - ab).sqrt() * eps) / (1 - b).sqrt()
        if i:
            prev = sch.abar[i - 1]
            x = x + ((1 - prev) / (1 - ab) * b).sqrt() * torch.randn(x.shape, generator=g)
    model.train()
    return x


def main(steps=350, n=256):
    torch.manual_seed(1)
    g = torch.Generator().manual_seed(2)
    sch = Schedule()
    model = Denoiser(sch.T)
    ema = EMA(model)
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3)
    xs, ys = data(4000, g)
    for step in range(steps):
        rows = torch.randint(len(xs), (n,), generator=g)  # with replacement: an endless i.i.d. stream
        x0, y = xs[rows], ys[rows]
        drop = torch.rand(n, generator=g) < 0.15
        y = torch.where(drop, Denoiser.NULL, y)
        t = torch.randint(sch.T, (n,), generator=g)
        eps = torch.randn(x0.shape, generator=g)
        pred = model(sch.q_sample(x0, t, eps), t, y)
        snr = sch.abar[t] / (1 - sch.abar[t])
        weight = snr.clamp(max=5.0) / snr  # min-SNR weighting in eps space
        loss = (weight * (pred - eps).square().mean(1)).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        ema.update()
        if step % 175 == 174:
            print(f"step {step + 1} loss {loss.item():.4f}")
    y = torch.arange(400) % 2
    with ema.applied() as m:
        x = sample(m, sch, y, 1.1, torch.Generator().manual_seed(3))
    for c in (0, 1):
        r = x[y == c].norm(dim=1)
        print(f"class {c}: radius {r.mean():.3f} +- {r.std():.3f}")


if __name__ == "__main__":
    main()
