import torch
from torch import nn

torch.manual_seed(64)
u = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
opt = torch.optim.Adam(u.parameters(), lr=3e-3)


def d(y, x):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


for it in range(60):
    x = torch.rand(100, 1, requires_grad=True)
    t = torch.rand(100, 1, requires_grad=True)
    out = u(torch.cat([x, t], 1))
    u_x = d(out, x)
    residual = d(out, t) - 0.1 * d(u_x, x)
    x0 = torch.rand(50, 1)
    ic = u(torch.cat([x0, torch.zeros(50, 1)], 1)) - torch.sin(torch.pi * x0)
    tb = torch.rand(50, 1)
    edge = torch.randint(0, 2, (50, 1)).float()
    bc = u(torch.cat([edge, tb], 1))
    loss = residual.pow(2).mean() + 10 * ic.pow(2).mean() + bc.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item())
