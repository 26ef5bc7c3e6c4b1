"""Physics-informed network for u'' + u = 0 with boundary values; derivatives also at evaluation time."""
import math

import torch
from torch import nn

torch.set_default_dtype(torch.float64)


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(x)


def derivative(y, x, order=1):
    for _ in range(order):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return y


def residual(net, x):
    x = x.detach().clone().requires_grad_()
    u = net(x)
    return derivative(u, x, 2) + u


def boundary(net, points, values):
    return (net(points) - values).square().mean()


def adam_phase(net, gen, steps, points, values):
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.995)
    for step in range(steps):
        x = torch.rand(64, 1, generator=gen) * math.pi       # fresh collocation points
        physics = residual(net, x).square().mean()
        edge = boundary(net, points, values)
        opt.zero_grad()
        (physics + 20 * edge).backward()
        opt.step()
        sched.step()
    return physics.item(), edge.item()


def lbfgs_phase(net, points, values):
    x = torch.linspace(0, math.pi, 100).unsqueeze(1)         # a fixed objective for the line search
    opt = torch.optim.LBFGS(net.parameters(), max_iter=120, history_size=20, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = residual(net, x).square().mean() + 20 * boundary(net, points, values)
        loss.backward()
        return loss
    opt.step(closure)


def check(net):
    """The residual needs autograd even here; only detached numbers leave the function."""
    net.eval()
    x = torch.rand(500, 1, generator=torch.Generator().manual_seed(77)) * math.pi
    with torch.enable_grad():
        res = residual(net, x).detach()
    with torch.no_grad():
        err = net(x) - (torch.sin(x) + 2 * torch.cos(x))
    net.zero_grad(set_to_none=True)
    net.train()
    return err.abs().max().item(), res.abs().max().item()


def main():
    torch.manual_seed(4)
    gen = torch.Generator().manual_seed(5)
    net = nn.Sequential(nn.Linear(1, 24), Sine(), nn.Linear(24, 24), Sine(), nn.Linear(24, 1))
    # u = sin x + 2 cos x; Dirichlet data at 0, at pi/2 and at pi
    points = torch.tensor([[0.0], [math.pi / 2], [math.pi]])
    values = torch.tensor([[2.0], [1.0], [-2.0]])
    print("max error %.3f, max residual %.3f" % check(net))
    print("adam: physics %.2e edge %.2e" % adam_phase(net, gen, 400, points, values))
    print("max error %.2e, max residual %.2e" % check(net))
    lbfgs_phase(net, points, values)
    print("max error %.2e, max residual %.2e" % check(net))


if __name__ == "__main__":
    main()
