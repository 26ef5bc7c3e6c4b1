# sparse recovery: 60 candidate features, 6 of them matter
import torch
from torch.autograd import grad

torch.manual_seed(9)
n, d, k = 150, 60, 6
X = torch.randn(n, d)
w_true = torch.zeros(d)
w_true[torch.randperm(d)[:k]] = torch.tensor([2.0, -1.5, 1.0, -2.0, 1.2, -1.0])
Y = X @ w_true + 0.5 * torch.randn(n)
Xv = torch.randn(400, d)
Yv = Xv @ w_true + 0.5 * torch.randn(400)


class Linear1(torch.nn.Module):
    def __init__(self, d):
        super().__init__()
        self.w = torch.nn.Parameter(0.1 * torch.randn(d))
        self.b = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x @ self.w + self.b


def l1(m):
    s = 0.0
    for name, p in m.named_parameters():
        if name != "b":
            s = s + p.abs().sum()
    return s


def objective(m, x, y, lam):
    r = m(x) - y
    return 0.5 * (r * r).mean() + lam * l1(m)


def descend(m, lam, steps=1500, eta=0.05):
    for t in range(steps):
        e = eta / (1 + t / 100)
        ps = list(m.parameters())
        gs = grad(objective(m, X, Y, lam), ps)
        with torch.no_grad():
            for p, g in zip(ps, gs):
                p -= e * g
    return m


m = descend(Linear1(d), lam=0.1)
with torch.no_grad():
    kept = (m.w.abs() > 0.05).sum().item()
    train = 0.5 * ((m(X) - Y) ** 2).mean().item()
    held = 0.5 * ((m(Xv) - Yv) ** 2).mean().item()
print("weights kept", kept, "of", d)
print("half mse: train %.4f  held out %.4f" % (train, held))
