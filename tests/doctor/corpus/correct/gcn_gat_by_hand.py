import torch, torch.nn as nn, torch.nn.functional as F

def community_graph(n=120, k=3, p_in=0.15, p_out=0.01, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % k
    p = torch.where(y[:, None] == y[None, :], p_in, p_out)
    a = (torch.rand(n, n, generator=g) < p).float().triu(1)
    a = a + a.T
    x = F.one_hot(y, k).float() * 0.6 + torch.randn(n, k, generator=g)
    x = torch.cat([x, torch.randn(n, 5, generator=g)], 1)
    return x, a, y

def normalised(a):
    a = a + torch.eye(len(a))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None, :]

class GCNLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o, bias=False)
        self.bias = nn.Parameter(torch.zeros(o))
    def forward(self, x, adj):
        return adj @ self.lin(x) + self.bias

class GATLayer(nn.Module):
    def __init__(self, i, o, heads):
        super().__init__()
        self.heads, self.o = heads, o
        self.w = nn.Linear(i, heads * o, bias=False)
        self.src = nn.Parameter(torch.empty(heads, o))
        self.dst = nn.Parameter(torch.empty(heads, o))
        nn.init.xavier_uniform_(self.src)
        nn.init.xavier_uniform_(self.dst)
    def forward(self, x, a):
        h = self.w(x).view(-1, self.heads, self.o)
        e = (h * self.dst).sum(-1)[:, None, :] + (h * self.src).sum(-1)[None, :, :]
        e = F.leaky_relu(e, 0.2)
        allowed = (a + torch.eye(len(a))) > 0
        alpha = e.masked_fill(~allowed[:, :, None], float('-inf')).softmax(dim=1)
        return torch.einsum('ijh,jho->iho', alpha, h).flatten(1)

class Net(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.gcn = GCNLayer(d, 16)
        self.gat = GATLayer(16, 8, 2)
        self.out = nn.Linear(16, k)
    def forward(self, x, a, adj):
        x = F.dropout(F.relu(self.gcn(x, adj)), 0.3, training=self.training)
        x = F.elu(self.gat(x, a))
        return self.out(x)

torch.manual_seed(0)
x, a, y = community_graph()
adj = normalised(a)
order = torch.randperm(len(y))
train_mask, val_mask, test_mask = (torch.zeros(len(y), dtype=torch.bool) for _ in range(3))
train_mask[order[:40]] = True
val_mask[order[40:70]] = True
test_mask[order[70:]] = True
model = Net(x.size(1), 3)
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
best_val, test_at_best = 0.0, 0.0
for epoch in range(60):
    model.train()
    opt.zero_grad()
    loss = F.cross_entropy(model(x, a, adj)[train_mask], y[train_mask])
    loss.backward()
    opt.step()
    model.eval()
    with torch.no_grad():
        pred = model(x, a, adj).argmax(1)
    val = (pred[val_mask] == y[val_mask]).float().mean().item()
    if val > best_val:
        best_val = val
        test_at_best = (pred[test_mask] == y[test_mask]).float().mean().item()
print('val', best_val, 'test', test_at_best)
