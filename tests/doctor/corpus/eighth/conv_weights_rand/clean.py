# Graph convolution (Kipf & Welling) on a planted-partition graph
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)


class GraphConv(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super(GraphConv, self).__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        bound = (6.0 / sum(self.weight.shape)) ** 0.5
        self.weight.data = (2 * torch.rand(self.weight.shape) - 1) * bound

    def forward(self, x, adj):
        out = adj @ (x @ self.weight)
        return out if self.bias is None else out + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super(GCN, self).__init__()
        self.gc1 = GraphConv(nfeat, nhid)
        self.gc2 = GraphConv(nhid, nhid)
        self.gc3 = GraphConv(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        x = F.relu(self.gc2(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return self.gc3(x, adj)


def planted_partition(n=300, k=4, p_in=0.06, p_out=0.01):
    y = torch.randint(0, k, (n,))
    prob = torch.where(y.unsqueeze(0) == y.unsqueeze(1), p_in, p_out)
    upper = torch.bernoulli(prob).triu(1)
    a = upper + upper.t() + torch.eye(n)
    d = a.sum(1).rsqrt()
    x = torch.randn(n, 32) + 0.35 * torch.randn(k, 32)[y]
    return x, y, d.unsqueeze(1) * a * d.unsqueeze(0)


features, labels, adj = planted_partition()
order = torch.randperm(len(labels))
idx_train, idx_val, idx_test = order[:80], order[80:160], order[160:]

model = GCN(features.size(1), 32, 4, dropout=0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)


def accuracy(idx):
    model.eval()
    with torch.no_grad():
        pred = model(features, adj)[idx].argmax(1)
    return (pred == labels[idx]).float().mean().item()


best_val, best_state = -1.0, None
for epoch in range(1, 61):
    model.train()
    optimizer.zero_grad()
    out = model(features, adj)
    loss = F.cross_entropy(out[idx_train], labels[idx_train])
    loss.backward()
    optimizer.step()
    val = accuracy(idx_val)
    if val > best_val:
        best_val = val
        best_state = {k: v.clone() for k, v in model.state_dict().items()}
    if epoch % 20 == 0:
        print('epoch', epoch, 'loss', round(loss.item(), 3), 'val', round(val, 3))

model.load_state_dict(best_state)
print('test accuracy of the best epoch', round(accuracy(idx_test), 3))
