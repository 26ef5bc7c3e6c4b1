import torch
from torch import nn
import torch.nn.functional as F


class MeanConv(nn.Module):
    """h_i = W_self x_i + W_nb * mean of x_j over the edges j -> i"""

    def __init__(self, d_in, d_out):
        super().__init__()
        self.w_self = nn.Linear(d_in, d_out)
        self.w_nb = nn.Linear(d_in, d_out, bias=False)

    def forward(self, x, edge_index):
        src, dst = edge_index
        deg = x.new_zeros(x.size(0)).index_add(0, dst, x.new_ones(dst.numel()))
        agg = torch.zeros_like(x).index_add(0, src, x[src])
        agg = agg / deg.clamp(min=1).unsqueeze(1)
        return self.w_self(x) + self.w_nb(agg)


class GraphNet(nn.Module):
    def __init__(self, d_in, d_hidden, n_classes, p=0.2):
        super().__init__()
        self.c1 = MeanConv(d_in, d_hidden)
        self.c2 = MeanConv(d_hidden, n_classes)
        self.drop = nn.Dropout(p)

    def forward(self, x, edge_index):
        h = self.drop(F.relu(self.c1(x, edge_index)))
        return self.c2(h, edge_index)


def citation_graph(n=1000, n_classes=4, n_feat=16, edges_per_node=8):
    """Directed graph, 80 % of the edges stay inside a class; the features alone are very noisy."""
    y = torch.randint(0, n_classes, (n,))
    x = 0.35 * F.one_hot(y, n_feat).float() + 0.5 * torch.randn(n, n_feat)
    dst = torch.arange(n).repeat_interleave(edges_per_node)
    src = torch.randint(0, n, (len(dst),))
    pools = [torch.nonzero(y == c).squeeze(1) for c in range(n_classes)]
    for e in torch.nonzero(torch.rand(len(dst)) < 0.8).squeeze(1).tolist():
        pool = pools[y[dst[e]]]
        src[e] = pool[torch.randint(0, len(pool), (1,))]
    return x, y, torch.stack([src, dst])


torch.manual_seed(14)
x, y, edge_index = citation_graph()
perm = torch.randperm(len(y))
train_idx, val_idx, test_idx = perm[:300], perm[300:500], perm[500:]
net = GraphNet(x.size(1), 32, 4)
opt = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-3)

best_val, best_test = 0.0, 0.0
for epoch in range(80):
    net.train()
    opt.zero_grad()
    loss = F.cross_entropy(net(x, edge_index)[train_idx], y[train_idx])
    loss.backward()
    opt.step()
    net.eval()
    with torch.no_grad():
        hit = (net(x, edge_index).argmax(1) == y).float()
    if hit[val_idx].mean() > best_val:
        best_val, best_test = hit[val_idx].mean().item(), hit[test_idx].mean().item()
    if epoch % 20 == 19:
        print(f"epoch {epoch + 1}: loss {loss.item():.3f} val {hit[val_idx].mean():.3f}")
print(f"best val {best_val:.3f}, test {best_test:.3f}")
