"""Two-layer GCN, message passing by index_add, semi-supervised on a stochastic block model."""
import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

N, CLASSES, FEATS = 300, 3, 16


def block_model(rng):
    y = rng.integers(0, CLASSES, size=N)
    same = y[:, None] == y[None, :]
    upper = np.triu(rng.random((N, N)) < np.where(same, 0.06, 0.01), k=1)
    src, dst = np.nonzero(upper | upper.T)
    x = rng.normal(size=(N, FEATS))
    x[np.arange(N), y] += 0.8
    edges = torch.from_numpy(np.stack([src, dst]))
    return torch.from_numpy(x).float(), edges, torch.from_numpy(y)


def normalise(edges, n):
    """Add self loops and return edge weights 1 / sqrt(d_i d_j)."""
    loops = torch.arange(n).expand(2, n)
    edges = torch.cat([edges, loops], dim=1)
    degree = torch.zeros(n).index_add(0, edges[1], torch.ones(edges.size(1)))
    weight = degree[edges[0]].rsqrt() * degree[edges[1]].rsqrt()
    return edges, weight


class GraphConv(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.lin = nn.Linear(n_in, n_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x, edges, weight):
        h = self.lin(x)
        messages = weight.unsqueeze(1) * h[edges[0]]
        return torch.zeros_like(h).index_add(0, edges[1], messages) + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = GraphConv(FEATS, 16), GraphConv(16, CLASSES)
        self.drop = nn.Dropout(0.5)

    def forward(self, x, edges, weight):
        h = F.relu(self.conv1(self.drop(x), edges, weight))
        return self.conv2(self.drop(h), edges, weight)


rng = np.random.default_rng(42)
torch.manual_seed(42)
x, edges, y = block_model(rng)
edges, weight = normalise(edges, N)
order = torch.from_numpy(rng.permutation(N))
train_idx, val_idx, test_idx = order[:45], order[45:120], order[120:]

model = GCN()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4)
best_val, best_state, patience = float("inf"), None, 0
for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    out = model(x, edges, weight)
    loss = F.cross_entropy(out[train_idx], y[train_idx])
    loss.backward()
    optimizer.step()

    model.eval()
    with torch.no_grad():
        val_loss = F.cross_entropy(model(x, edges, weight)[val_idx], y[val_idx]).item()
    if val_loss < best_val:
        best_val, best_state, patience = val_loss, copy.deepcopy(model.state_dict()), 0
    else:
        patience += 1
        if patience == 20:
            break

print(f"stopped after epoch {epoch}, best validation loss {best_val:.4f}")
model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    pred = model(x, edges, weight).argmax(dim=1)
print(f"test accuracy {(pred[test_idx] == y[test_idx]).float().mean().item():.3f}")
