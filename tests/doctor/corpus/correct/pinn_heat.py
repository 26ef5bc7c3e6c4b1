"""PINN for u_t = k u_xx on [0,1]^2 with hard boundary/initial conditions; compared with the exact solution."""
import math

import torch
from torch import nn

torch.manual_seed(56)
K = 0.1


class PINN(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 1))

    def forward(self, x, t):
        # u(x,0) = sin(pi x) and u(0,t) = u(1,t) = 0 hold by construction
        return torch.sin(math.pi * x) + t * x * (1 - x) * self.net(torch.cat([x, t], 1))


def derivative(y, x):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


def residual(model, x, t):
    x, t = x.requires_grad_(True), t.requires_grad_(True)
    u = model(x, t)
    return derivative(u, t) - K * derivative(derivative(u, x), x)


def relative_error(model):
    g = torch.linspace(0, 1, 41)
    x, t = (v.reshape(-1, 1) for v in torch.meshgrid(g, g, indexing="ij"))
    exact = torch.exp(-K * math.pi**2 * t) * torch.sin(math.pi * x)
    with torch.no_grad():
        return ((model(x, t) - exact).norm() / exact.norm()).item()


model = PINN()
adam = torch.optim.Adam(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(adam, gamma=0.99)
print(f"start: relative error {relative_error(model):.4f}")
for step in range(1, 201):
    loss = residual(model, torch.rand(200, 1), torch.rand(200, 1)).pow(2).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
    sched.step()
    if step % 100 == 0:
        print(f"adam {step}: residual {loss.item():.2e} relative error {relative_error(model):.5f}")

pts = torch.rand(400, 1), torch.rand(400, 1)  # L-BFGS needs a fixed objective
lbfgs = torch.optim.LBFGS(model.parameters(), max_iter=40, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    value = residual(model, pts[0].clone(), pts[1].clone()).pow(2).mean()
    value.backward()
    return value


lbfgs.step(closure)
print(f"l-bfgs: residual {closure().item():.2e} relative error {relative_error(model):.5f}")
