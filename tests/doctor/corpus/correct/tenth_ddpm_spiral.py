"""DDPM on a two-dimensional spiral with an exponential moving average of the weights."""
import copy
import math

import torch
import torch.nn as nn

T = 50


class Schedule:
    def __init__(self, steps):
        self.betas = torch.linspace(1e-3, 0.2, steps)
        self.alphas = 1.0 - self.betas
        self.abar = torch.cumprod(self.alphas, dim=0)
        abar_prev = torch.cat([torch.ones(1), self.abar[:-1]])
        self.post_var = self.betas * (1 - abar_prev) / (1 - self.abar)

    def q_sample(self, x0, t, noise):
        a = self.abar[t].unsqueeze(1)
        return a.sqrt() * x0 + (1 - a).sqrt() * noise


class Denoiser(nn.Module):
    def __init__(self, width=96, freqs=8):
        super().__init__()
        self.register_buffer("freqs", torch.exp(torch.linspace(0, math.log(100.0), freqs)))
        self.net = nn.Sequential(
            nn.Linear(2 + 2 * freqs, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 2),
        )

    def forward(self, x, t):
        angle = (t.float() / T).unsqueeze(1) * self.freqs
        return self.net(torch.cat([x, angle.sin(), angle.cos()], dim=1))


@torch.no_grad()
def ema_update(ema, model, decay):
    for pe, p in zip(ema.parameters(), model.parameters()):
        pe.mul_(decay).add_(p, alpha=1 - decay)


@torch.no_grad()
def sample(model, sched, n):
    x = torch.randn(n, 2)
    for t in reversed(range(T)):
        eps = model(x, torch.full((n,), t))
        mean = (x - sched.betas[t] / (1 - sched.abar[t]).sqrt() * eps) / sched.alphas[t].sqrt()
        x = mean + sched.post_var[t].sqrt() * torch.randn_like(x) if t > 0 else mean
    return x


def spiral(n):
    r = torch.rand(n).sqrt() * 3 * math.pi
    return torch.stack([r * r.cos(), r * r.sin()], dim=1) / (1.5 * math.pi) + 0.03 * torch.randn(n, 2)


def main():
    torch.manual_seed(77)
    data, sched = spiral(2048), Schedule(T)
    model = Denoiser()
    ema = copy.deepcopy(model).requires_grad_(False)
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    running = []
    for step in range(1, 1001):
        x0 = data[torch.randint(len(data), (128,))]
        t = torch.randint(T, (x0.size(0),))
        noise = torch.randn_like(x0)
        loss = nn.functional.mse_loss(model(sched.q_sample(x0, t, noise), t), noise)
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema_update(ema, model, min(0.99, (1 + step) / (10 + step)))
        running.append(loss.item())
        if step % 250 == 0:
            print(f"step {step} eps loss {sum(running) / len(running):.4f}")
            running.clear()
    generated = sample(ema, sched, 500)
    fresh = spiral(2000)
    print(f"mean distance of a sample to the data: {torch.cdist(generated, fresh).min(dim=1).values.mean().item():.3f}")


main()
