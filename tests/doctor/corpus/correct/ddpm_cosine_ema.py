import copy
import math

import torch
from torch import nn


class NoiseNet(nn.Module):
    def __init__(self, d=2, h=64, T=50):
        super().__init__()
        self.T = T
        self.time = nn.Sequential(nn.Linear(16, h), nn.SiLU(), nn.Linear(h, h))
        self.inp = nn.Linear(d, h)
        self.mid = nn.Sequential(nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU())
        self.out = nn.Linear(h, d)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("freqs", 2.0 ** torch.arange(8))

    def forward(self, x, t):
        phase = (t.float() / self.T)[:, None] * self.freqs * math.pi
        emb = self.time(torch.cat([phase.sin(), phase.cos()], dim=1))
        return self.out(self.mid(self.inp(x) + emb))


class Diffusion:
    def __init__(self, T=50, s=0.008):
        grid = torch.linspace(0, T, T + 1)
        f = torch.cos((grid / T + s) / (1 + s) * math.pi / 2) ** 2
        abar = f / f[0]
        self.betas = (1 - abar[1:] / abar[:-1]).clamp(max=0.999)
        self.alphas = 1 - self.betas
        self.abar = self.alphas.cumprod(0)
        self.T = T

    def q_sample(self, x0, t, noise):
        a = self.abar[t].view(-1, *[1] * (x0.dim() - 1))
        return a.sqrt() * x0 + (1 - a).sqrt() * noise

    def loss(self, model, x0):
        t = torch.randint(0, self.T, (x0.shape[0],))
        noise = torch.randn_like(x0)
        return nn.functional.mse_loss(model(self.q_sample(x0, t, noise), t), noise)

    @torch.no_grad()
    def p_sample_loop(self, model, n):
        x = torch.randn(n, 2)
        for i in reversed(range(self.T)):
            t = torch.full((n,), i)
            eps = model(x, t)
            mean = (x - self.betas[i] / (1 - self.abar[i]).sqrt() * eps) / self.alphas[i].sqrt()
            x = mean + self.betas[i].sqrt() * torch.randn_like(x) if i > 0 else mean
        return x


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = copy.deepcopy(model).eval()
        for p in self.shadow.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.state_dict().values(), model.state_dict().values()):
            if s.dtype.is_floating_point:
                s.lerp_(p, 1 - self.decay)
            else:
                s.copy_(p)


def spiral(n):
    t = torch.rand(n).sqrt() * 3 * math.pi
    pts = torch.stack([t.cos() * t, t.sin() * t], 1) / (3 * math.pi)
    return (pts + 0.02 * torch.randn(n, 2)) * 2


if __name__ == "__main__":
    torch.manual_seed(0)
    data = spiral(2000)
    net, diff = NoiseNet(), Diffusion()
    ema = EMA(net, 0.98)
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(150):
        batch = data[torch.randint(0, len(data), (128,))]
        loss = diff.loss(net, batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update(net)
        if step % 50 == 49:
            print(step, loss.item())
    samples = diff.p_sample_loop(ema.shadow, 100)
    print(samples.std(0))
