"""Physics-informed network for the heat equation u_t = a u_xx on [0,1], u(x,0)=sin(pi x), u=0 at both ends."""
import math

import torch
import torch.nn as nn

A, T_END = 0.2, 1.0
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)        # second derivatives and L-BFGS like the precision


class PINN(nn.Module):
    def __init__(self, width=20, depth=3):
        super().__init__()
        dims = [2] + [width] * depth + [1]
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(dims, dims[1:]))
        for l in self.layers:
            nn.init.xavier_normal_(l.weight)
            nn.init.zeros_(l.bias)

    def forward(self, x, t):
        h = torch.cat([2 * x - 1, 2 * t / T_END - 1], dim=1)
        for l in self.layers[:-1]:
            h = torch.tanh(l(h))
        return self.layers[-1](h)


def grad(y, x):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


def residual(net, x, t):
    x, t = x.clone().requires_grad_(), t.clone().requires_grad_()
    u = net(x, t)
    return grad(u, t) - A * grad(grad(u, x), x)


def exact(x, t):
    return torch.exp(-A * math.pi ** 2 * t) * torch.sin(math.pi * x)


# collocation points: fixed, as L-BFGS needs the same function in all its evaluations
sobol = torch.quasirandom.SobolEngine(2, scramble=True, seed=0)
xt = sobol.draw(300).to(torch.get_default_dtype())
x_f, t_f = xt[:, :1], xt[:, 1:] * T_END
x_0 = torch.linspace(0, 1, 50).unsqueeze(1)
t_b = torch.linspace(0, T_END, 50).unsqueeze(1)
u_0 = torch.sin(math.pi * x_0)


def losses(net):
    pde = residual(net, x_f, t_f).pow(2).mean()
    ic = (net(x_0, torch.zeros_like(x_0)) - u_0).pow(2).mean()
    bc = net(torch.zeros_like(t_b), t_b).pow(2).mean() + net(torch.ones_like(t_b), t_b).pow(2).mean()
    return pde, ic, bc


def total(net, w=(1.0, 10.0, 10.0)):
    return sum(wi * li for wi, li in zip(w, losses(net)))


@torch.no_grad()
def relative_error(net, n=40):
    x, t = torch.meshgrid(torch.linspace(0, 1, n), torch.linspace(0, T_END, n), indexing="ij")
    x, t = x.reshape(-1, 1), t.reshape(-1, 1)
    u = exact(x, t)
    return ((net(x, t) - u).norm() / u.norm()).item()


net = PINN()
adam = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(200):
    adam.zero_grad()
    loss = total(net)
    loss.backward()
    adam.step()
    if it % 50 == 0:
        print(f"adam {it:4d} loss {loss.item():.3e} relative error {relative_error(net):.4f}")

lbfgs = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=100, history_size=20, line_search_fn="strong_wolfe")
evaluations = 0


def closure():
    global evaluations
    evaluations += 1
    lbfgs.zero_grad()
    loss = total(net)
    loss.backward()
    return loss


lbfgs.step(closure)          # one call, up to 100 iterations inside
pde, ic, bc = (l.item() for l in losses(net))
print(f"lbfgs ({evaluations} evaluations) pde {pde:.2e} ic {ic:.2e} bc {bc:.2e} relative error {relative_error(net):.4f}")
