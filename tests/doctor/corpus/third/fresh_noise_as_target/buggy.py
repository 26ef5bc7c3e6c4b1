"""DDPM on a 2-d spiral."""
import math
from typing import Tuple

import torch
from torch import Tensor, nn


class Schedule:
    def __init__(self, steps: int = 50, lo: float = 1e-3, hi: float = 0.15) -> None:
        self.steps = steps
        self.betas = torch.linspace(lo, hi, steps)
        self.alphas = 1.0 - self.betas
        self.alphas_bar = torch.cumprod(self.alphas, dim=0)

    def q_sample(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        a = self.alphas_bar[t].unsqueeze(-1)
        return a.sqrt() * x0 + (1 - a).sqrt() * noise


class Denoiser(nn.Module):
    def __init__(self, steps: int, width: int = 64) -> None:
        super().__init__()
        self.time = nn.Embedding(steps, 16)
        self.net = nn.Sequential(
            nn.Linear(2 + 16, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.net(torch.cat([x, self.time(t)], dim=-1))


def training_losses(model: nn.Module, sch: Schedule, x0: Tensor) -> Tensor:
    t = torch.randint(0, sch.steps, (x0.shape[0],))
    pred = model(sch.q_sample(x0, t, torch.randn_like(x0)), t)
    return nn.functional.mse_loss(pred, torch.randn_like(x0))


@torch.no_grad()
def sample(model: nn.Module, sch: Schedule, n: int) -> Tensor:
    model.eval()
    x = torch.randn(n, 2)
    for i in reversed(range(sch.steps)):
        t = torch.full((n,), i, dtype=torch.long)
        eps = model(x, t)
        x = (x - sch.betas[i] / (1 - sch.alphas_bar[i]).sqrt() * eps) / sch.alphas[i].sqrt()
        if i > 0:
            x = x + sch.betas[i].sqrt() * torch.randn_like(x)
    return x


def spiral(n: int) -> Tensor:
    r = torch.rand(n).sqrt() * 3 * math.pi
    pts = torch.stack([r * r.cos(), r * r.sin()], dim=1) / 5
    return pts + 0.03 * torch.randn_like(pts)


def nearest(a: Tensor, b: Tensor) -> Tuple[float, float]:
    d = torch.cdist(a, b)
    return d.min(1).values.mean().item(), d.min(0).values.mean().item()


if __name__ == "__main__":
    torch.manual_seed(41)
    data, held_out = spiral(2000), spiral(500)
    schedule = Schedule()
    model = Denoiser(schedule.steps)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(30):
        model.train()
        for idx in torch.randperm(len(data)).split(100):
            loss = training_losses(model, schedule, data[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    print("loss", loss.item(), "sample->data, data->sample distance:", nearest(sample(model, schedule, 500), held_out))
