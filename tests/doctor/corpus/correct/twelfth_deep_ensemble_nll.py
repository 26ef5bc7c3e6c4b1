"""Deep ensemble with Gaussian likelihood for a physical calibration curve."""
import math

import torch
import torch.nn as nn

torch.manual_seed(70)


def measure(n):
    x = 4 * torch.rand(n, 1) - 2
    return x, torch.exp(-x ** 2) * torch.cos(3 * x) + (0.05 + 0.05 * x.abs()) * torch.randn(n, 1)


class Gaussian(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))

    def forward(self, x):
        mean, raw = self.net(x).chunk(2, dim=1)
        return mean, nn.functional.softplus(raw) + 1e-4


def fit(x, y, epochs=25):
    model, nll = Gaussian(), nn.GaussianNLLLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(50):
            mean, var = model(x[idx])
            loss = nll(mean, y[idx], var)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


x_train, y_train = measure(500)
x_test, y_test = measure(300)
members = [fit(x_train, y_train) for _ in range(3)]
with torch.no_grad():
    means, variances = (torch.stack(v) for v in zip(*(m(x_test) for m in members)))
mean = means.mean(0)
var = (variances + means ** 2).mean(0) - mean ** 2
rmse = (mean - y_test).square().mean().sqrt().item()
nll = 0.5 * (torch.log(2 * math.pi * var) + (y_test - mean) ** 2 / var).mean().item()
inside = ((y_test - mean).abs() < 1.96 * var.sqrt()).float().mean().item()
print(f"rmse {rmse:.3f} nll {nll:.3f} 95% coverage {inside:.2f}")
