# Two-layer GCN, transductive node classification on a stochastic block model
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(27)

N, C = 240, 3
label = torch.arange(N) % C
prob = torch.where(label[:, None] == label[None, :], 0.10, 0.015)
upper = torch.triu(torch.rand(N, N) < prob, diagonal=1).float()
adj = upper + upper.t() + torch.eye(N)
inv_sqrt_deg = adj.sum(1).rsqrt()
a_hat = inv_sqrt_deg[:, None] * adj * inv_sqrt_deg[None, :]

features = torch.randn(N, 16)
features[:, :C] += 0.8 * F.one_hot(label, C).float()

perm = torch.randperm(N)
train_nodes, val_nodes, test_nodes = perm[:30], perm[30:90], perm[90:]


class GCN(nn.Module):
    def __init__(self, d_in, d_hid, d_out, p=0.5):
        super().__init__()
        self.w1 = nn.Linear(d_in, d_hid)
        self.w2 = nn.Linear(d_hid, d_out)
        self.drop = nn.Dropout(p)

    def forward(self, a, x):
        h = F.relu(a @ self.w1(self.drop(x)))
        return a @ self.w2(self.drop(h))


model = GCN(16, 32, C)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4)


def accuracy(nodes):
    model.eval()
    with torch.no_grad():
        pred = model(a_hat, features)[nodes].argmax(1)
    return (pred == label[nodes]).float().mean().item()


best_val, test_at_best = 0.0, 0.0
for epoch in range(100):
    model.train()
    optimizer.zero_grad()
    out = model(a_hat, features)
    loss = F.cross_entropy(out[train_nodes], label[train_nodes])
    loss.backward()
    optimizer.step()
    val = accuracy(val_nodes)
    if val > best_val:
        best_val, test_at_best = val, accuracy(test_nodes)
    if epoch % 25 == 24:
        print(f"epoch {epoch + 1} loss {loss.item():.3f} val {val:.3f}")
print(f"best val {best_val:.3f}, test at that epoch {test_at_best:.3f}")
