"""Deep equilibrium layer. The fixed point is searched without a graph, one tracked application re-attaches it, and a
hook solves the adjoint equation in the backward pass (implicit differentiation). A check compares it with unrolling."""
import torch
from torch import autograd, nn
import torch.nn.functional as F


def fixed_point(f, z, tol=1e-5, max_iter=80):
    for k in range(1, max_iter + 1):
        nxt = f(z)
        done = (nxt - z).norm() <= tol * (1e-8 + nxt.norm())
        z = nxt
        if done:
            break
    return z, k


class DEQ(nn.Module):
    """z = tanh(A z + U x) with ||A||_inf < 1 by construction, so the iteration contracts."""

    def __init__(self, d_in, d):
        super().__init__()
        self.raw = nn.Parameter(torch.randn(d, d) / d ** 0.5)
        self.inject = nn.Linear(d_in, d)
        self.iterations = 0

    def weight(self):
        rows = self.raw.abs().sum(1, keepdim=True)
        return 0.8 * self.raw / rows.clamp(min=1.0)

    def forward(self, x):
        A, u = self.weight(), self.inject(x)

        def cell(z):
            return torch.tanh(z @ A.T + u)

        with torch.no_grad():
            z, self.iterations = fixed_point(cell, torch.zeros_like(u))
        z = cell(z)
        if z.requires_grad:
            z0 = z.detach().requires_grad_()
            f0 = torch.tanh(z0 @ A.detach().T + u.detach())

            def adjoint(grad):
                g, _ = fixed_point(lambda y: autograd.grad(f0, z0, y, retain_graph=True)[0] + grad, grad)
                return g

            z.register_hook(adjoint)
        return z

    def unrolled(self, x, steps=80):
        A, u = self.weight(), self.inject(x)
        z = torch.zeros_like(u)
        for _ in range(steps):
            z = torch.tanh(z @ A.T + u)
        return z


def check_gradient():
    layer = DEQ(3, 6).double()
    x = torch.randn(4, 3, dtype=torch.float64)
    w = torch.randn(4, 6, dtype=torch.float64)
    a = autograd.grad((layer(x) * w).sum(), list(layer.parameters()))
    b = autograd.grad((layer.unrolled(x) * w).sum(), list(layer.parameters()))
    for p, q in zip(a, b):
        torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)
    print("implicit gradient agrees with unrolling")


def moons(n, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    t = torch.pi * torch.rand(n, generator=gen)
    x = torch.stack([torch.where(y == 0, t.cos(), 1 - t.cos()), torch.where(y == 0, t.sin(), 0.5 - t.sin())], 1)
    return x + 0.12 * torch.randn(n, 2, generator=gen), y


def main():
    torch.manual_seed(26)
    check_gradient()
    gen = torch.Generator().manual_seed(26)
    (x, y), (vx, vy) = moons(600, gen), moons(300, gen)
    deq = DEQ(2, 32)
    model = nn.Sequential(deq, nn.Linear(32, 2))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(12):
        model.train()
        for idx in torch.randperm(len(x)).split(60):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            acc = (model(vx).argmax(1) == vy).float().mean().item()
        if epoch % 3 == 2:
            print(f"epoch {epoch} loss {loss.item():.3f} val acc {acc:.3f} solver iterations {deq.iterations}")


if __name__ == "__main__":
    main()
