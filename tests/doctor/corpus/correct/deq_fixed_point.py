"""Deep equilibrium layer: the solver runs without a graph, one extra call attaches it, a hook solves the backward fixed point."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


def iterate(f, z, tol=1e-4, max_iter=40):
    for k in range(max_iter):
        nxt = f(z)
        gap = (nxt - z).norm() / (1e-8 + nxt.norm())
        z = nxt
        if gap < tol:
            break
    return z, k + 1


class Cell(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.inject = nn.Linear(d, h)
        self.raw = nn.Parameter(torch.randn(h, h) / h ** 0.5)

    def weight(self):
        # at most 0.9 in the infinity norm, so the map contracts and the equilibrium exists and is unique
        norm = self.raw.abs().sum(1).max()
        return self.raw * (0.9 / norm).clamp(max=1.0)

    def forward(self, z, u, w):
        return torch.tanh(F.linear(z, w) + u)


class DEQ(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.cell = Cell(d, h)
        self.iters = 0

    def forward(self, x):
        u, w = self.cell.inject(x), self.cell.weight()
        with torch.no_grad():
            z, self.iters = iterate(lambda z: self.cell(z, u, w), torch.zeros_like(u))
        if not torch.is_grad_enabled():
            return z
        z_star = self.cell(z, u, w)  # one step with a graph: gradients of u and w
        z0 = z_star.detach().requires_grad_(True)
        f0 = self.cell(z0, u.detach(), w.detach())

        def solve(grad):
            # g = grad + J^T g, the implicit-function theorem
            g, _ = iterate(lambda g: grad + torch.autograd.grad(f0, z0, g, retain_graph=True)[0], grad)
            return g

        z_star.register_hook(solve)
        return z_star


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.deq, self.out = DEQ(64, 64), nn.Linear(64, 10)

    def forward(self, x):
        return self.out(self.deq(x))


def check():
    """Implicit gradient against backprop through many unrolled steps."""
    m = DEQ(5, 6).double()
    x = torch.randn(4, 5, dtype=torch.float64)
    a = torch.autograd.grad(m(x).square().sum(), m.cell.raw)[0]
    u, w, z = m.cell.inject(x), m.cell.weight(), torch.zeros(4, 6, dtype=torch.float64)
    for _ in range(200):
        z = m.cell(z, u, w)
    b = torch.autograd.grad(z.square().sum(), m.cell.raw)[0]
    return ((a - b).norm() / b.norm()).item()


def main(epochs=4):
    torch.manual_seed(0)
    print(f"relative error of the implicit gradient {check():.1e}")
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=3)
    xt, xv, yt, yv = (torch.tensor(p) for p in parts)
    xt, xv = xt.float(), xv.float()
    net = Net()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(epochs):
        seen, total = 0, 0.0
        for rows in torch.randperm(len(xt)).split(128):
            loss = F.cross_entropy(net(xt[rows]), yt[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total, seen = total + loss.item() * len(rows), seen + len(rows)
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"epoch {epoch} loss {total / seen:.3f} val acc {acc:.3f} solver iterations {net.deq.iters}")


if __name__ == "__main__":
    main()
