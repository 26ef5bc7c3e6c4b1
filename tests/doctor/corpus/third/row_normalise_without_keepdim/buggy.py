import torch
import torch.nn as nn
import torch.nn.functional as F

N, FEATS = 500, 6


def build_graph(n):
    popularity = torch.rand(n).pow(3) * 0.3 + 0.01
    prob = (popularity[:, None] * popularity[None, :]).sqrt()
    upper = torch.triu((torch.rand(n, n) < prob).float(), diagonal=1)
    return upper + upper.T


def propagation_matrix(adj):
    # mean over the neighbourhood, the node itself included
    a = adj + torch.eye(adj.size(0))
    deg = a.sum(dim=1)
    return a / deg


class GraphConv(nn.Module):
    def __init__(self, fin, fout):
        super().__init__()
        self.lin = nn.Linear(fin, fout)

    def forward(self, p, x):
        return p @ self.lin(x)


class GraphRegressor(nn.Module):
    def __init__(self, fin, hidden):
        super().__init__()
        self.conv = GraphConv(fin, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, p, x):
        return self.out(torch.tanh(self.conv(p, x))).squeeze(-1)


torch.manual_seed(0)
adj = build_graph(N)
x = torch.randn(N, FEATS)
# each node reports the average opinion of its circle (loops over neighbours: the survey itself)
opinion = x @ torch.tensor([1.0, -1.0, 0.5, 0.0, 0.0, 2.0])
circle = [torch.cat([row.nonzero().flatten(), torch.tensor([i])]) for i, row in enumerate(adj)]
y = torch.stack([opinion[c].mean() for c in circle]) + 0.1 * torch.randn(N)

P = propagation_matrix(adj)
order = torch.randperm(N)
train_idx, test_idx = order[:350], order[350:]      # transductive: the graph is known, the labels are not

model = GraphRegressor(FEATS, 16)
opt = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(300):
    opt.zero_grad()
    loss = F.mse_loss(model(P, x)[train_idx], y[train_idx])
    loss.backward()
    opt.step()

model.eval()
with torch.no_grad():
    err = F.mse_loss(model(P, x)[test_idx], y[test_idx]).item()
print('train mse', loss.item(), 'test mse', err, 'variance of y', y.var().item())
