import copy

import torch
from torch import nn


class EMAModel:
    """Keeps a moving average of the weights; early updates use a faster average."""

    def __init__(self, model, decay=0.995):
        self.averaged = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def step(self, model):
        self.updates += 1
        self.decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for avg, p in zip(self.averaged.parameters(), model.parameters()):
            avg.lerp_(p, 1 - self.decay)


class Denoiser(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, t], dim=1))


def two_moons(n):
    a = torch.rand(n) * torch.pi
    up = torch.randint(0, 2, (n,)).float()
    x = torch.cos(a) * (1 - 2 * up) + up - 0.5
    y = torch.sin(a) * (1 - 2 * up) + 0.5 * up - 0.25
    return torch.stack([x, y], 1) + 0.05 * torch.randn(n, 2)


def noised(x0):
    t = torch.rand(len(x0), 1)
    eps = torch.randn_like(x0)
    angle = t * torch.pi / 2
    return torch.cos(angle) * x0 + torch.sin(angle) * eps, t, eps


def evaluate(model, batch):
    xt, t, eps = batch
    with torch.no_grad():
        return (model(xt, t) - eps).pow(2).mean().item()


def main():
    torch.manual_seed(28)
    held_out = noised(two_moons(4000))
    model = Denoiser()
    ema = EMAModel(model)
    opt = torch.optim.Adam(model.parameters(), lr=8e-3)
    for step in range(1, 1201):
        model.train()
        xt, t, eps = noised(two_moons(64))
        loss = (model(xt, t) - eps).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.step(model)
        if step % 300 == 0:
            model.eval()
            print(f"step {step}: raw {evaluate(model, held_out):.4f} averaged {evaluate(ema.averaged, held_out):.4f}")


if __name__ == "__main__":
    main()
