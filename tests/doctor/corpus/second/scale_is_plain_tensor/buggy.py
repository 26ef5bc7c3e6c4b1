import torch
import torch.nn as nn


class PeriodicFeatures(nn.Module):
    """cos/sin features with learnable frequencies."""

    def __init__(self, n):
        super().__init__()
        self.freq = torch.randn(n, requires_grad=True)
        self.phase = nn.Parameter(torch.zeros(n))

    def forward(self, x):
        z = x * self.freq + self.phase
        return torch.cat([z.cos(), z.sin()], dim=-1)


class Regressor(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.features = PeriodicFeatures(n)
        self.linear = nn.Linear(2 * n, 1)

    def forward(self, x):
        return self.linear(self.features(x))


def target(x):
    return torch.sin(1.8 * x) + 0.5 * torch.cos(2.6 * x)


def train(model, x, y, steps, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(steps):
        idx = torch.randint(0, len(x), (64,))
        opt.zero_grad()
        nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
        opt.step()


torch.manual_seed(4)
x = torch.rand(500, 1) * 8 - 4
y = target(x) + 0.02 * torch.randn_like(x)
model = Regressor()
train(model, x[:400], y[:400], 800, 2e-2)
model.eval()
with torch.no_grad():
    print("val mse", nn.functional.mse_loss(model(x[400:]), y[400:]).item())
