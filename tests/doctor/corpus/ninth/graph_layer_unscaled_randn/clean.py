import torch
import torch.nn as nn
import torch.nn.functional as F


class GraphConv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(d_in, d_out) / d_in ** 0.5)
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, adj, h):
        return adj @ (h @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, d_in, d_hidden, n_classes):
        super().__init__()
        self.conv1 = GraphConv(d_in, d_hidden)
        self.conv2 = GraphConv(d_hidden, d_hidden)
        self.conv3 = GraphConv(d_hidden, n_classes)

    def forward(self, adj, x):
        h = F.relu(self.conv1(adj, x))
        h = F.relu(self.conv2(adj, h))
        return self.conv3(adj, h)


def block_graph(nodes_per_class, n_classes, p_in, p_out, d_feat):
    labels = torch.arange(n_classes).repeat_interleave(nodes_per_class)
    same = labels[:, None] == labels[None, :]
    prob = torch.where(same, torch.tensor(p_in), torch.tensor(p_out))
    upper = torch.triu((torch.rand_like(prob) < prob).float(), diagonal=1)
    adj = upper + upper.T + torch.eye(len(labels))
    inv_sqrt_degree = adj.sum(1).rsqrt()
    adj = inv_sqrt_degree[:, None] * adj * inv_sqrt_degree[None, :]
    centres = torch.randn(n_classes, d_feat)
    feats = 0.6 * centres[labels] + torch.randn(len(labels), d_feat)
    return adj, feats, labels


torch.manual_seed(14)
adj, feats, labels = block_graph(80, 4, p_in=0.04, p_out=0.02, d_feat=64)
order = torch.randperm(len(labels))
train_nodes, test_nodes = order[:80], order[80:]
net = GCN(64, 64, 4)
opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=5e-4)
for epoch in range(41):
    net.train()
    opt.zero_grad()
    loss = F.cross_entropy(net(adj, feats)[train_nodes], labels[train_nodes])
    loss.backward()
    opt.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch:3d}  train loss {loss.item():.3f}")
net.eval()
with torch.no_grad():
    pred = net(adj, feats).argmax(1)
print("test accuracy", (pred[test_nodes] == labels[test_nodes]).float().mean().item())
