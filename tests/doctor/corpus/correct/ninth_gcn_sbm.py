"""Semi-supervised node classification on a stochastic block model, Kipf & Welling style.

The whole graph is given; only labels are split (transductive setting)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def block_model(sizes, p_in, p_out, dim, gen):
    y = torch.cat([torch.full((s,), k) for k, s in enumerate(sizes)])
    n = len(y)
    prob = torch.where(y[:, None] == y[None, :], p_in, p_out)
    upper = torch.triu(torch.rand(n, n, generator=gen) < prob, diagonal=1)
    adj = (upper | upper.T).float()
    centers = torch.randn(len(sizes), dim, generator=gen)
    x = centers[y] + 2.0 * torch.randn(n, dim, generator=gen)
    return x, y, adj


def normalize(adj):
    a = adj + torch.eye(adj.size(0))
    d = a.sum(1).rsqrt()
    return (d[:, None] * a * d[None, :]).to_sparse_coo()


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, a):
        return torch.sparse.mm(a, x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, dim, hidden, classes):
        super().__init__()
        self.gc1, self.gc2 = GraphConv(dim, hidden), GraphConv(hidden, classes)

    def forward(self, x, a):
        h = F.dropout(F.relu(self.gc1(x, a)), 0.5, training=self.training)
        return F.log_softmax(self.gc2(h, a), dim=1)


def accuracy(logp, y, mask):
    return (logp[mask].argmax(1) == y[mask]).float().mean().item()


def main():
    torch.manual_seed(16)
    g = torch.Generator().manual_seed(16)
    x, y, adj = block_model([60, 60, 60], 0.12, 0.02, 16, g)
    a = normalize(adj)
    perm = torch.randperm(len(y), generator=g)
    masks = {k: torch.zeros(len(y), dtype=torch.bool) for k in ("train", "val", "test")}
    for k, idx in zip(masks, perm.split([30, 50, 100])):
        masks[k][idx] = True

    model = GCN(16, 16, 3)
    opt = torch.optim.Adam([
        {"params": model.gc1.parameters(), "weight_decay": 5e-4},
        {"params": model.gc2.parameters(), "weight_decay": 0.0},
    ], lr=0.01)
    best_val, test_at_best = -1.0, None
    for epoch in range(80):
        model.train()
        opt.zero_grad()
        out = model(x, a)
        loss = F.nll_loss(out[masks["train"]], y[masks["train"]])
        loss.backward()
        opt.step()

        model.eval()
        with torch.no_grad():
            out = model(x, a)
        val = accuracy(out, y, masks["val"])
        if val > best_val:
            best_val, test_at_best = val, accuracy(out, y, masks["test"])
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d} loss {loss.item():.3f} val {val:.3f}")
    print(f"best val {best_val:.3f}, test there {test_at_best:.3f}")


if __name__ == "__main__":
    main()
