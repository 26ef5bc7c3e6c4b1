import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(51)
N = 90
group = torch.arange(N) % 3
prob = torch.where(group[:, None] == group[None, :], 0.3, 0.02)
upper = torch.triu(torch.bernoulli(prob), 1)
pos = upper.nonzero()
pos = pos[torch.randperm(len(pos))]
non_edges = torch.triu(1 - upper, 1).nonzero()
non_edges = non_edges[torch.randperm(len(non_edges))]
n_test = len(pos) // 5
test_pos, train_pos = pos[:n_test], pos[n_test:]
test_neg, train_neg = non_edges[:n_test], non_edges[n_test:]

adj = torch.eye(N)
adj[train_pos[:, 0], train_pos[:, 1]] = 1.0
adj[train_pos[:, 1], train_pos[:, 0]] = 1.0
norm = adj / adj.sum(1, keepdim=True)


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.emb = nn.Parameter(0.1 * torch.randn(N, 32))
        self.lin1, self.lin2 = nn.Linear(32, 32), nn.Linear(32, dim)

    def forward(self):
        return self.lin2(norm @ F.relu(self.lin1(norm @ self.emb)))


def score(z, pairs):
    return (z[pairs[:, 0]] * z[pairs[:, 1]]).sum(1)


model = Encoder()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
for epoch in range(60):
    neg = train_neg[torch.randint(0, len(train_neg), (len(train_pos),))]
    z = model()
    logits = torch.cat([score(z, train_pos), score(z, neg)])
    labels = torch.cat([torch.ones(len(train_pos)), torch.zeros(len(neg))])
    loss = F.binary_cross_entropy_with_logits(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 20 == 19:
        print(f"epoch {epoch + 1} loss {loss.item():.4f}")

with torch.no_grad():
    z = model()
    auc = (score(z, test_pos)[:, None] > score(z, test_neg)[None, :]).float().mean().item()
print(f"test AUC {auc:.3f}")
