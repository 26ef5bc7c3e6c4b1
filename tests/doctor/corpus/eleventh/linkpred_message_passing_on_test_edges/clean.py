import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)
N, COMM = 120, 4
comm = torch.arange(N) % COMM
prob = torch.where(comm[:, None] == comm[None, :], 0.16, 0.02)
upper = torch.triu(torch.rand(N, N) < prob, diagonal=1)
edges = upper.nonzero()
edges = edges[torch.randperm(len(edges))]
n_test = len(edges) // 5
test_pos, train_pos = edges[:n_test], edges[n_test:]

non_edges = torch.triu(~upper, diagonal=1).nonzero()
non_edges = non_edges[torch.randperm(len(non_edges))]
test_neg, neg_pool = non_edges[:n_test], non_edges[n_test:]


def normalized_adj(e):
    A = torch.eye(N)
    A[e[:, 0], e[:, 1]] = 1.0
    A[e[:, 1], e[:, 0]] = 1.0
    d = A.sum(1).rsqrt()
    return d[:, None] * A * d[None, :]


class GAE(nn.Module):
    def __init__(self, d_in, d_hid, d_out):
        super().__init__()
        self.w1 = nn.Linear(d_in, d_hid, bias=False)
        self.w2 = nn.Linear(d_hid, d_out, bias=False)
        nn.init.xavier_uniform_(self.w1.weight)
        nn.init.xavier_uniform_(self.w2.weight)

    def encode(self, x, A):
        return A @ self.w2(F.relu(A @ self.w1(x)))

    @staticmethod
    def decode(z, e):
        return (z[e[:, 0]] * z[e[:, 1]]).sum(-1)


def auc(pos, neg):
    return (pos[:, None] > neg[None, :]).float().mean().item()


X = torch.eye(N)
A_hat = normalized_adj(train_pos)
model = GAE(N, 32, 16)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(80):
    model.train()
    neg = neg_pool[torch.randint(len(neg_pool), (len(train_pos),))]
    z = model.encode(X, A_hat)
    logits = torch.cat([model.decode(z, train_pos), model.decode(z, neg)])
    target = torch.cat([torch.ones(len(train_pos)), torch.zeros(len(neg))])
    loss = F.binary_cross_entropy_with_logits(logits, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

model.eval()
with torch.no_grad():
    z = model.encode(X, A_hat)
    print(f"loss {loss.item():.4f}  test AUC {auc(model.decode(z, test_pos), model.decode(z, test_neg)):.4f}")
