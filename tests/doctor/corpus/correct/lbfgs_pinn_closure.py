"""Solve u'' = -pi^2 sin(pi x), u(0) = u(1) = 0, first by Adam and then by L-BFGS."""
import torch
from torch import nn
from torch.autograd import grad

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))
x_in = torch.linspace(0, 1, 50).view(-1, 1).requires_grad_(True)
x_bc = torch.tensor([[0.0], [1.0]])
u_bc = torch.zeros(2, 1)


def residual():
    u = net(x_in)
    du = grad(u, x_in, torch.ones_like(u), create_graph=True)[0]
    d2u = grad(du, x_in, torch.ones_like(du), create_graph=True)[0]
    f = -torch.pi**2 * torch.sin(torch.pi * x_in)
    return (d2u - f).pow(2).mean()


def objective():
    return residual() + 10 * (net(x_bc) - u_bc).pow(2).mean()


adam = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(60):
    adam.zero_grad()
    loss = objective()
    loss.backward()
    adam.step()
print("adam", loss.item())

lbfgs = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=20, history_size=20, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    value = objective()
    value.backward()
    return value


for outer in range(5):
    value = lbfgs.step(closure)
    print("lbfgs", outer, value.item())

with torch.no_grad():
    err = (net(x_in) - torch.sin(torch.pi * x_in)).abs().max()
print("max error", err.item())
