"""Semi-supervised node classification with a two-layer GCN written out by hand."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(123)

N, K, F_IN = 240, 3, 10

# --- stochastic block model with weak node features
y = torch.arange(N) % K
same = y.unsqueeze(0) == y.unsqueeze(1)
prob = torch.where(same, 0.08, 0.01)
upper = torch.triu(torch.rand(N, N) < prob, diagonal=1).float()
adj = upper + upper.T
x = 0.7 * torch.randn(K, F_IN)[y] + torch.randn(N, F_IN)

perm = torch.randperm(N)
train_mask = torch.zeros(N, dtype=torch.bool)
val_mask = torch.zeros(N, dtype=torch.bool)
test_mask = torch.zeros(N, dtype=torch.bool)
train_mask[perm[:30]] = True
val_mask[perm[30:90]] = True
test_mask[perm[90:]] = True

# symmetric normalisation with self-loops
a_hat = adj + torch.eye(N)
d_inv_sqrt = a_hat.sum(dim=1).rsqrt()
a_norm = d_inv_sqrt.unsqueeze(1) * a_hat * d_inv_sqrt.unsqueeze(0)


class GCNLayer(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.linear = nn.Linear(d_in, d_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(d_out))
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, h, a):
        return a @ self.linear(h) + self.bias


class GCN(nn.Module):
    def __init__(self, d_in, hidden, classes, p=0.4):
        super().__init__()
        self.g1 = GCNLayer(d_in, hidden)
        self.g2 = GCNLayer(hidden, classes)
        self.p = p

    def forward(self, h, a):
        h = F.relu(self.g1(F.dropout(h, self.p, self.training), a))
        return self.g2(F.dropout(h, self.p, self.training), a)


model = GCN(F_IN, 16, K)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)


def accuracy(logits, mask):
    return (logits[mask].argmax(1) == y[mask]).float().mean().item()


best_val, test_at_best = 0.0, 0.0
for epoch in range(1, 101):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x, a_norm)[train_mask], y[train_mask])
    loss.backward()
    optimizer.step()

    model.eval()
    with torch.no_grad():
        logits = model(x, a_norm)
    val_acc = accuracy(logits, val_mask)
    if val_acc > best_val:
        best_val, test_at_best = val_acc, accuracy(logits, test_mask)
    if epoch % 25 == 0:
        print(f"epoch {epoch}: loss {loss.item():.3f} val {val_acc:.3f}")

print(f"best val {best_val:.3f}, test at that epoch {test_at_best:.3f}")
