"""Graph convolution by index_add_; transductive node classification with masks."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
N, K = 400, 4
label = torch.randint(K, (N,))
prob = torch.where(label[:, None] == label[None, :], 0.04, 0.006)
upper = (torch.rand(N, N) < prob).triu(1)
src, dst = upper.nonzero(as_tuple=True)
src, dst = torch.cat([src, dst, torch.arange(N)]), torch.cat([dst, src, torch.arange(N)])     # both ways and self loops
deg = torch.zeros(N).index_add_(0, dst, torch.ones(len(dst)))
norm = (deg[src] * deg[dst]).rsqrt()
feat = 0.6 * F.one_hot(label, 16).float() + 0.5 * torch.randn(N, 16)

perm = torch.randperm(N)
train, val, test = perm[:80], perm[80:180], perm[180:]


class GCNConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin, self.bias = nn.Linear(i, o, bias=False), nn.Parameter(torch.zeros(o))

    def forward(self, x):
        m = self.lin(x)[src] * norm[:, None]
        return torch.zeros(N, m.size(1)).index_add(0, dst, m) + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = GCNConv(16, 32), GCNConv(32, K)

    def forward(self, x):
        x = F.dropout(x, 0.4, self.training)
        return self.c2(F.dropout(F.relu(self.c1(x)), 0.4, self.training))


net = GCN()
opt = torch.optim.Adam([{"params": net.c1.parameters(), "weight_decay": 5e-4}, {"params": net.c2.parameters()}], lr=1e-2)
best, state = 0.0, None
for epoch in range(80):
    net.train()
    out = net(feat)                       # all nodes take part, only the training nodes are scored
    loss = F.cross_entropy(out[train], label[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(feat)[val].argmax(1) == label[val]).float().mean().item()
    if acc >= best:
        best, state = acc, {k: v.clone() for k, v in net.state_dict().items()}

net.load_state_dict(state)
net.eval()
with torch.no_grad():
    t = (net(feat)[test].argmax(1) == label[test]).float().mean().item()
print(f"val {best:.3f} test {t:.3f}")
