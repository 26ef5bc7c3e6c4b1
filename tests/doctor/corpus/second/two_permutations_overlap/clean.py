import torch, torch.nn as nn, torch.nn.functional as F

def rows(n, part, cut):
    perm = torch.randperm(n, generator=torch.Generator().manual_seed(99))
    return perm[:cut] if part == 'train' else perm[cut:]

class Table:
    def __init__(self, X, Y, part):
        i = rows(len(X), part, int(.7 * len(X)))
        self.X, self.Y = X[i], Y[i]
    def batches(self, bs):
        for i in torch.randperm(len(self.X)).split(bs):
            yield self.X[i], self.Y[i]

torch.manual_seed(20)
n = 500
X = torch.randn(n, 16)
Y = (X[:, 0] + .5 * X[:, 1] + 1.2 * torch.randn(n) > 0).long()
tr, va = Table(X, Y, 'train'), Table(X, Y, 'val')

f = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 2))
o = torch.optim.Adam(f.parameters(), lr=2e-3)
for e in range(1, 61):
    f.train()
    for x, y in tr.batches(25):
        L = F.cross_entropy(f(x), y)
        o.zero_grad(); L.backward(); o.step()
    if e % 20 == 0:
        f.eval()
        with torch.no_grad():
            a = (f(va.X).argmax(1) == va.Y).float().mean().item()
        print(e, 'val acc %.3f on %d rows' % (a, len(va.X)))
