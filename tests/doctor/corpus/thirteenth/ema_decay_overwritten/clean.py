import copy

import torch
from torch import nn


class EMAModel:
    """Exponential moving average of the weights, with warm-up."""

    def __init__(self, model, decay=0.99):
        self.averaged = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.optimization_step = 0

    @torch.no_grad()
    def step(self, model):
        value = (1 + self.optimization_step) / (10 + self.optimization_step)
        decay = min(self.decay, value)
        for ema_p, p in zip(self.averaged.parameters(), model.parameters()):
            ema_p.mul_(decay).add_(p, alpha=1 - decay)
        self.optimization_step += 1


def get_data(n):
    x = torch.rand(n, 2) * 4 - 2
    y = torch.sin(2 * x[:, :1]) * x[:, 1:]
    return x, y + 0.5 * torch.randn_like(y)


def main(steps=600, lr=2e-2):
    torch.manual_seed(14)
    x, y = get_data(800)
    x_val, y_val = get_data(200)
    net = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 1))
    ema = EMAModel(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for step in range(steps):
        idx = torch.randint(0, 800, (16,))
        loss = nn.functional.mse_loss(net(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.step(net)
        if (step + 1) % 150 == 0:
            with torch.no_grad():
                val = nn.functional.mse_loss(ema.averaged(x_val), y_val)
            print(f"step {step + 1} train {loss.item():.3f} ema val {val.item():.3f}")


main()
