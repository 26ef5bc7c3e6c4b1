"""Two-layer GCN, semi-supervised node classification on a stochastic block model (written with sparse matmul)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def make_graph(n_per=100, k=4, p_in=0.06, p_out=0.008, d=16, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(k).repeat_interleave(n_per)
    n = len(y)
    prob = torch.where(y[:, None] == y[None], p_in, p_out)
    upper = torch.triu(torch.rand(n, n, generator=g) < prob, diagonal=1)
    adj = (upper | upper.T).float()
    centers = torch.randn(k, d, generator=g) * 0.5
    x = centers[y] + torch.randn(n, d, generator=g)
    return x, y, adj


def normalize(adj):
    a = adj + torch.eye(len(adj))
    dinv = a.sum(1).rsqrt()
    return (dinv[:, None] * a * dinv[None]).to_sparse()


def split(y, per_class=10, n_val=100, seed=0):
    g = torch.Generator().manual_seed(seed)
    perm = torch.randperm(len(y), generator=g)
    train = torch.zeros(len(y), dtype=torch.bool)
    for c in y.unique():
        train[perm[y[perm] == c][:per_class]] = True
    rest = perm[~train[perm]]
    val, test = torch.zeros_like(train), torch.zeros_like(train)
    val[rest[:n_val]] = True
    test[rest[n_val:]] = True
    return train, val, test


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, a):
        return torch.sparse.mm(a, x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, d, h, k, p=0.5):
        super().__init__()
        self.c1, self.c2, self.p = GraphConv(d, h), GraphConv(h, k), p

    def forward(self, x, a):
        x = F.dropout(x, self.p, self.training)
        x = F.relu(self.c1(x, a))
        x = F.dropout(x, self.p, self.training)
        return self.c2(x, a)


torch.manual_seed(0)
x, y, adj = make_graph()
a_hat = normalize(adj)
train, val, test = split(y)
net = GCN(x.size(1), 16, int(y.max()) + 1)
optimizer = torch.optim.Adam([
    {"params": net.c1.parameters(), "weight_decay": 5e-4},
    {"params": net.c2.parameters(), "weight_decay": 0.0},
], lr=0.01)

best_val, test_at_best = 0.0, 0.0
for epoch in range(1, 151):
    net.train()
    optimizer.zero_grad()
    out = net(x, a_hat)
    loss = F.cross_entropy(out[train], y[train])
    loss.backward()
    optimizer.step()

    net.eval()
    with torch.no_grad():
        hit = net(x, a_hat).argmax(1) == y
    val_acc = hit[val].float().mean().item()
    if val_acc > best_val:
        best_val, test_at_best = val_acc, hit[test].float().mean().item()
    if epoch % 50 == 0:
        print(f"epoch {epoch} loss {loss.item():.3f} val {val_acc:.3f}")
print(f"best val {best_val:.3f} -> test {test_at_best:.3f}")
