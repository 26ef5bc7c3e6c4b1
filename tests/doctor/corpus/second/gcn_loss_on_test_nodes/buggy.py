import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(50)


# community graph with noisy features
def make_graph(n=240, k=3):
    y = torch.arange(n) % k
    same = y[:, None] == y[None, :]
    p = torch.where(same, torch.tensor(0.035), torch.tensor(0.015))
    upper = torch.triu(torch.rand(n, n) < p, diagonal=1)
    adj = (upper | upper.t()).float()
    x = torch.randn(n, 32)
    x[torch.arange(n), y] += 0.8
    order = torch.randperm(n)
    train_mask = torch.zeros(n, dtype=torch.bool)
    train_mask[order[:90]] = True
    test_mask = torch.zeros(n, dtype=torch.bool)
    test_mask[order[120:]] = True
    return x, adj, y, train_mask, test_mask


def normalise(adj):
    a = adj + torch.eye(len(adj))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None, :]


class GCN(nn.Module):
    def __init__(self, n_in, hid, n_out):
        super().__init__()
        self.l1 = nn.Linear(n_in, hid)
        self.l2 = nn.Linear(hid, n_out)

    def forward(self, x, a):
        h = F.relu(a @ self.l1(x))
        h = F.dropout(h, 0.5, self.training)
        return a @ self.l2(h)


x, adj, y, train_mask, test_mask = make_graph()
a_hat = normalise(adj)
model = GCN(32, 64, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4)
for epoch in range(150):
    model.train()
    optimizer.zero_grad()
    out = model(x, a_hat)
    loss = F.cross_entropy(out, y)
    loss.backward()
    optimizer.step()

model.eval()
with torch.no_grad():
    pred = model(x, a_hat).argmax(1)
print("test accuracy:", (pred[test_mask] == y[test_mask]).float().mean().item())
