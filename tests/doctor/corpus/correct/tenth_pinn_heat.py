# PINN for the heat equation u_t = k u_xx on [0, 1] x [0, 1],
# u(x, 0) = sin(pi x), u(0, t) = u(1, t) = 0. Adam first, L-BFGS to finish.
import math

import torch
from torch import nn

K = 0.2
torch.manual_seed(0)


def network(width=24, depth=3):
    layers, n_in = [], 2
    for _ in range(depth):
        layers += [nn.Linear(n_in, width), nn.Tanh()]
        n_in = width
    net = nn.Sequential(*layers, nn.Linear(width, 1))
    for m in net.modules():
        if isinstance(m, nn.Linear):
            nn.init.xavier_normal_(m.weight)
            nn.init.zeros_(m.bias)
    return net


def residual(net, xt):
    xt = xt.clone().requires_grad_(True)
    u = net(xt)
    du = torch.autograd.grad(u.sum(), xt, create_graph=True)[0]
    u_x, u_t = du[:, 0], du[:, 1]
    u_xx = torch.autograd.grad(u_x.sum(), xt, create_graph=True)[0][:, 0]
    return u_t - K * u_xx


def collocation(n):
    return torch.rand(n, 2)


def boundary(n):
    t = torch.rand(n, 1)
    side = torch.randint(0, 2, (n, 1)).float()
    return torch.cat([side, t], dim=1)


def initial(n):
    x = torch.rand(n, 1)
    return torch.cat([x, torch.zeros_like(x)], dim=1), torch.sin(math.pi * x)


def total_loss(net, interior, edge, start, start_u):
    pde = residual(net, interior).pow(2).mean()
    bc = net(edge).pow(2).mean()
    ic = (net(start) - start_u).pow(2).mean()
    return pde + 10 * bc + 10 * ic


@torch.no_grad()
def relative_error(net):
    axis = torch.linspace(0, 1, 41)
    xt = torch.cartesian_prod(axis, axis)
    exact = torch.sin(math.pi * xt[:, 0]) * torch.exp(-K * math.pi**2 * xt[:, 1])
    return ((net(xt).squeeze(1) - exact).norm() / exact.norm()).item()


net = network()
adam = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(200):
    adam.zero_grad()
    loss = total_loss(net, collocation(200), boundary(50), *initial(50))
    loss.backward()
    adam.step()
print(f"after Adam:   loss {loss.item():.2e}, relative error {relative_error(net):.4f}")

fixed = (collocation(400), boundary(100), *initial(100))
lbfgs = torch.optim.LBFGS(net.parameters(), max_iter=150, history_size=30, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    value = total_loss(net, *fixed)
    value.backward()
    return value


lbfgs.step(closure)
print(f"after L-BFGS: loss {total_loss(net, *fixed).item():.2e}, relative error {relative_error(net):.4f}")
