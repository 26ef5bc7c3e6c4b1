import math

import torch
from torch import nn

# u''(x) = -pi^2 sin(pi x) on [0, 1],  u(0) = u(1) = 0   ->   u = sin(pi x)
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


class PINN(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        act = nn.ReLU
        self.net = nn.Sequential(nn.Linear(1, width), act(), nn.Linear(width, width), act(), nn.Linear(width, 1))

    def forward(self, x):
        return self.net(x)


def derivative(u, x):
    return torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), create_graph=True)[0]


def pde_residual(net, x):
    x = x.clone().requires_grad_(True)
    u = net(x)
    u_xx = derivative(derivative(u, x), x)
    return u_xx + math.pi ** 2 * torch.sin(math.pi * x)


net = PINN()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
x_bc = torch.tensor([[0.0], [1.0]])
u_bc = torch.zeros(2, 1)
for it in range(601):
    x_f = torch.rand(64, 1)
    loss_f = pde_residual(net, x_f).pow(2).mean()
    loss_b = (net(x_bc) - u_bc).pow(2).mean()
    loss = loss_f + 50 * loss_b
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 150 == 0:
        print(f"{it:5d}  pde {loss_f.item():.4e}  bc {loss_b.item():.4e}")

with torch.no_grad():
    xs = torch.linspace(0, 1, 101).unsqueeze(1)
    rel = (net(xs) - torch.sin(math.pi * xs)).norm() / torch.sin(math.pi * xs).norm()
print("relative L2 error", rel.item())
