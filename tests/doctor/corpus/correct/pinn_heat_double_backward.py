"""Physics-informed network for u_t = nu u_xx with u(0,x) = sin(pi x), u = 0 at both ends."""
import math
import torch
from torch import nn

torch.manual_seed(0)
NU = 0.1
net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))   # smooth: two derivatives


def u(t, x):
    return net(torch.cat([t, x], 1))


def exact(t, x):
    return torch.exp(-NU * math.pi ** 2 * t) * torch.sin(math.pi * x)


def d(y, x):
    return torch.autograd.grad(y, x, grad_outputs=torch.ones_like(y), create_graph=True)[0]


def losses(n=256):
    t, x = torch.rand(n, 1, requires_grad=True), torch.rand(n, 1, requires_grad=True)
    v = u(t, x)
    pde = (d(v, t) - NU * d(d(v, x), x)).square().mean()
    x0 = torch.rand(n // 4, 1)
    init = (u(torch.zeros_like(x0), x0) - torch.sin(math.pi * x0)).square().mean()
    tb = torch.rand(n // 4, 1)
    edge = (u(tb, torch.zeros_like(tb)).square() + u(tb, torch.ones_like(tb)).square()).mean()
    return pde, init, edge


def error():
    t, x = torch.meshgrid(torch.linspace(0, 1, 21), torch.linspace(0, 1, 21), indexing="ij")
    t, x = t.reshape(-1, 1), x.reshape(-1, 1)
    with torch.no_grad():
        return ((u(t, x) - exact(t, x)).norm() / exact(t, x).norm()).item()


opt = torch.optim.Adam(net.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.997)
for step in range(1, 401):
    pde, init, edge = losses()
    loss = pde + 10 * init + 10 * edge
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()            # one decay for each step, gamma is chosen for that
    if step % 100 == 0:
        print(f"{step}: pde {pde.item():.2e} init {init.item():.2e} edge {edge.item():.2e} relative error {error():.3f}")
