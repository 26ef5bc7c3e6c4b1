import numpy as np, torch
from torch import nn

# sparse linear regression: 60 columns, only 5 of them matter
rng = np.random.default_rng(3)
n, d, k = 160, 60, 5
X = rng.standard_normal((n, d)).astype("float32")
w = np.zeros(d, dtype="float32"); w[:k] = [3, -2, 1.5, 2.5, -1]
t = X @ w + 0.5 * rng.standard_normal(n).astype("float32")

mu, sd = X[:80].mean(0), X[:80].std(0)
X = (X - mu) / sd
xa, ta = torch.from_numpy(X[:80]), torch.from_numpy(t[:80])
xb, tb = torch.from_numpy(X[80:]), torch.from_numpy(t[80:])


class Lasso(nn.Module):
    def __init__(self, d, alpha):
        super().__init__()
        self.lin = nn.Linear(d, 1)
        self.alpha = alpha

    def forward(self, x):
        return self.lin(x).flatten()

    def penalty(self):
        s = 0.0
        for name, p in self.named_parameters():
            if name.endswith("weight"):
                s = s + p.abs().sum()
        return self.alpha * s


torch.manual_seed(3)
m = Lasso(d, alpha=0.15)
o = torch.optim.SGD(m.parameters(), lr=0.02)
for it in range(800):
    o.zero_grad()
    fit = ((m(xa) - ta) ** 2).mean()
    j = fit + m.penalty()
    j.backward()
    o.step()
    if it % 200 == 199:
        print(it + 1, "fit %.4f objective %.4f" % (fit.item(), j.item()))

m.eval()
with torch.no_grad():
    W = m.lin.weight.flatten()
    print("columns with |w| > 0.1:", int((W.abs() > 0.1).sum()))
    print("test mse: %.4f" % ((m(xb) - tb) ** 2).mean().item())
