import copy
import torch
import torch.nn as nn
import torch.nn.functional as F

# two-layer GCN, dense adjacency, stochastic block model


def sbm(n_per, k, p_in, p_out, g):
    y = torch.arange(k).repeat_interleave(n_per)
    same = y[:, None] == y[None, :]
    prob = torch.full(same.shape, p_out).masked_fill(same, p_in)
    upper = torch.triu(torch.rand(prob.shape, generator=g) < prob, diagonal=1)
    return (upper | upper.T).float(), y


def normalise(adj):
    a = adj + torch.eye(adj.size(0))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None, :]


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o, bias=False)
        self.bias = nn.Parameter(torch.zeros(o))

    def forward(self, a, x):
        return a @ self.lin(x) + self.bias


class GCN(nn.Module):
    def __init__(self, i, h, o, p=0.5):
        super().__init__()
        self.c1, self.c2, self.p = GraphConv(i, h), GraphConv(h, o), p

    def forward(self, a, x):
        x = F.dropout(x, self.p, self.training)
        x = F.relu(self.c1(a, x))
        return self.c2(a, F.dropout(x, self.p, self.training))


def split(n, g, n_train, n_val):
    perm = torch.randperm(n, generator=g)
    m = torch.zeros(3, n, dtype=torch.bool)
    m[0, perm[:n_train]] = True
    m[1, perm[n_train:n_train + n_val]] = True
    m[2, perm[n_train + n_val:]] = True
    return m


@torch.no_grad()
def evaluate(model, a, x, y, masks):
    model.eval()
    ok = model(a, x).argmax(1) == y
    return [ok[m].float().mean().item() for m in masks]


def main(seed=2):
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(seed)
    adj, y = sbm(80, 3, 0.05, 0.02, g)
    x = torch.randn(240, 48, generator=g)
    x[torch.arange(240), y] += 1.0
    masks = split(240, g, 60, 60)
    a = normalise(adj)
    model = GCN(48, 32, 3)
    opt = torch.optim.Adam([
        {"params": model.c1.parameters(), "weight_decay": 5e-4},
        {"params": model.c2.parameters()},
    ], lr=1e-2)
    best_val, best = -1.0, None
    for epoch in range(150):
        model.train()
        opt.zero_grad()
        out = model(a, x)
        loss = F.cross_entropy(out, y)
        loss.backward()
        opt.step()
        tr, va, _ = evaluate(model, a, x, y, masks)
        if va > best_val:
            best_val, best = va, copy.deepcopy(model.state_dict())
        if epoch % 50 == 0:
            print(f"{epoch:3d} loss {loss.item():.3f} train {tr:.3f} val {va:.3f}")
    model.load_state_dict(best)
    print("val %.3f test %.3f" % tuple(evaluate(model, a, x, y, masks)[1:]))


main()
