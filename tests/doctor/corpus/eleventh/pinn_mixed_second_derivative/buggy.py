# Poisson problem  -(u_xx + u_yy) = f  on the unit square, u = 0 on the boundary
import math

import torch
from torch import nn
from torch.autograd import grad

torch.manual_seed(3)


class PINN(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
        )

    def forward(self, xy):
        x, y = xy[:, :1], xy[:, 1:]
        return 16 * x * (1 - x) * y * (1 - y) * self.net(xy)  # boundary condition holds by construction


def source(xy):
    x, y = xy[:, :1], xy[:, 1:]
    return 5 * math.pi**2 * torch.sin(math.pi * x) * torch.sin(2 * math.pi * y)


def exact(xy):
    return torch.sin(math.pi * xy[:, :1]) * torch.sin(2 * math.pi * xy[:, 1:])


def residual(model, xy):
    xy = xy.clone().requires_grad_(True)
    u = model(xy)
    du = grad(u, xy, torch.ones_like(u), create_graph=True)[0]
    d2u = grad(du, xy, torch.ones_like(du), create_graph=True)[0]
    u_xx, u_yy = d2u[:, :1], d2u[:, 1:]
    return -(u_xx + u_yy) - source(xy)


model = PINN()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=400)
for step in range(400):
    optimizer.zero_grad()
    loss = residual(model, torch.rand(128, 2)).pow(2).mean()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 100 == 99:
        print(f"step {step + 1}: residual {loss.item():.4e}")

axis = torch.linspace(0, 1, 30)
points = torch.cartesian_prod(axis, axis)
with torch.no_grad():
    err = (model(points) - exact(points)).norm() / exact(points).norm()
print(f"relative L2 error {err.item():.4f}")
