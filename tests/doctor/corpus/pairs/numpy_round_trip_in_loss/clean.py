import numpy as np
import torch
from torch import nn


def smoothness(w: torch.Tensor) -> torch.Tensor:
    return (w[:, 1:] - w[:, :-1]).square().sum()


class Filter(nn.Module):
    def __init__(self, n: int):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1, n))

    def forward(self, x):
        return x @ self.w.T


torch.manual_seed(64)
n = 30
true = torch.sin(torch.linspace(0, 3.14, n))
x = torch.randn(60, n)
y = (x @ true).unsqueeze(1) + 0.8 * torch.randn(60, 1)
xt = torch.randn(200, n)
yt = (xt @ true).unsqueeze(1)
f = Filter(n)
opt = torch.optim.Adam(f.parameters(), lr=1e-2)
for step in range(400):
    fit = nn.functional.mse_loss(f(x), y)
    loss = fit + 0.5 * smoothness(f.w)
    opt.zero_grad()
    loss.backward()
    opt.step()
with torch.no_grad():
    print("train", fit.item(), "test", nn.functional.mse_loss(f(xt), yt).item())
