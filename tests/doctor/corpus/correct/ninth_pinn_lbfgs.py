"""Physics-informed network for u'' + u = x with u(0)=0, u(2)=1: Adam to warm up, L-BFGS with a closure to finish."""
import math
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


def exact(x):
    c = (1 - 2.0) / math.sin(2.0)
    return c * torch.sin(x) + x


class Field(nn.Module):
    def __init__(self, width=20):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.net(x)


def derivative(u, x):
    # the sum lets one backward pass give du_i/dx_i for all points: rows do not interact
    return torch.autograd.grad(u.sum(), x, create_graph=True)[0]


class Problem:
    def __init__(self, n=40):
        self.x = torch.linspace(0, 2, n).unsqueeze(1).requires_grad_(True)
        self.xb = torch.tensor([[0.0], [2.0]])
        self.ub = torch.tensor([[0.0], [1.0]])

    def loss(self, model):
        u = model(self.x)
        uxx = derivative(derivative(u, self.x), self.x)
        residual = uxx + u - self.x
        boundary = model(self.xb) - self.ub
        return residual.square().mean() + 10 * boundary.square().mean()


def error(model, n=201):
    with torch.no_grad():
        x = torch.linspace(0, 2, n).unsqueeze(1)
        return (model(x) - exact(x)).abs().max().item()


def adam_phase(model, problem, steps):
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for i in range(steps):
        opt.zero_grad()
        loss = problem.loss(model)
        loss.backward()
        opt.step()
    return loss.item()


def lbfgs_phase(model, problem, rounds):
    opt = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=20, history_size=20, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = problem.loss(model)
        loss.backward()
        return loss

    for r in range(rounds):
        loss = opt.step(closure)
        print(f"lbfgs round {r} loss {loss.item():.3e} max error {error(model):.2e}")


def main():
    torch.manual_seed(9)
    model, problem = Field(), Problem()
    print(f"start max error {error(model):.3f}")
    print(f"adam loss {adam_phase(model, problem, 150):.3e} max error {error(model):.2e}")
    lbfgs_phase(model, problem, 5)


if __name__ == "__main__":
    main()
