import torch
import torch.nn as nn
import torch.nn.functional as F


def gcn_norm(adj):
    """Symmetric normalisation (Kipf & Welling)."""
    a = adj.clone()
    d = a.sum(1).clamp_min(1.0).rsqrt()
    return d[:, None] * a * d[None, :]


def random_graph(n=400, k=4, d=16):
    y = torch.randint(0, k, (n,))
    same = y[:, None] == y[None, :]
    p = torch.where(same, torch.tensor(0.012), torch.tensor(0.006))
    upper = torch.bernoulli(p).triu(1)
    proto = torch.randn(k, d)
    x = proto[y] + 1.6 * torch.randn(n, d)
    return x, upper + upper.T, y


class GCN(nn.Module):
    def __init__(self, d, h, k, p=0.5):
        super().__init__()
        self.w1 = nn.Linear(d, h, bias=False)
        self.w2 = nn.Linear(h, k, bias=False)
        self.b1 = nn.Parameter(torch.zeros(h))
        self.b2 = nn.Parameter(torch.zeros(k))
        self.drop = nn.Dropout(p)

    def forward(self, x, a_hat):
        h = F.relu(a_hat @ self.w1(self.drop(x)) + self.b1)
        return a_hat @ self.w2(self.drop(h)) + self.b2


torch.manual_seed(12)
x, adj, y = random_graph()
perm = torch.randperm(len(y))
train, val, test = perm[:120], perm[120:220], perm[220:]
a_hat = gcn_norm(adj)
model = GCN(x.size(1), 32, 4)
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
best_val, best_test = -1.0, 0.0
for epoch in range(100):
    model.train()
    opt.zero_grad()
    F.cross_entropy(model(x, a_hat)[train], y[train]).backward()
    opt.step()
    model.eval()
    with torch.no_grad():
        hit = (model(x, a_hat).argmax(1) == y).float()
    if hit[val].mean().item() > best_val:
        best_val, best_test = hit[val].mean().item(), hit[test].mean().item()
print(f"val {best_val:.3f} test {best_test:.3f}")
