"""GCN and a tiny GAT on a stochastic block model; full-graph forward, the loss sees training nodes only (transductive)."""
import argparse
import copy

import torch
import torch.nn.functional as F
from torch import nn


def sbm(n=240, k=4, p_in=0.12, p_out=0.015, d=12, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % k
    same = y[:, None] == y[None]
    prob = torch.where(same, p_in, p_out)
    upper = torch.triu(torch.rand(n, n, generator=g) < prob, diagonal=1)
    adj = (upper | upper.T).float()
    x = F.one_hot(y, d).float() * 0.8 + torch.randn(n, d, generator=g)
    perm = torch.randperm(n, generator=g)
    masks = torch.zeros(3, n, dtype=torch.bool)
    for m, rows in zip(masks, perm.split([40, 60, n - 100])):
        m[rows] = True
    return x, adj, y, masks


def normalise(adj):
    a = adj + torch.eye(len(adj))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None]


class GCN(nn.Module):
    def __init__(self, d, h, k, drop=0.5):
        super().__init__()
        self.w1, self.w2, self.drop = nn.Linear(d, h), nn.Linear(h, k), drop

    def prepare(self, adj):
        return normalise(adj)

    def forward(self, x, a):
        x = F.dropout(x, self.drop, self.training)
        h = F.relu(a @ self.w1(x))
        return a @ self.w2(F.dropout(h, self.drop, self.training))


class GATLayer(nn.Module):
    def __init__(self, d, h, heads):
        super().__init__()
        self.w = nn.Linear(d, h * heads, bias=False)
        self.src = nn.Parameter(torch.empty(heads, h))
        self.dst = nn.Parameter(torch.empty(heads, h))
        for p in (self.src, self.dst):
            nn.init.xavier_uniform_(p)
        self.heads = heads

    def forward(self, x, mask):
        z = self.w(x).view(len(x), self.heads, -1)
        score = (z * self.dst).sum(-1).T[:, :, None] + (z * self.src).sum(-1).T[:, None, :]
        score = F.leaky_relu(score, 0.2).masked_fill(~mask, float("-inf"))
        att = score.softmax(-1)  # rows sum to one over neighbours; self loops keep every row non-empty
        return torch.einsum("hij,jhd->ihd", att, z)


class GAT(nn.Module):
    def __init__(self, d, h, k):
        super().__init__()
        self.a, self.b = GATLayer(d, h, 4), GATLayer(4 * h, k, 1)

    def prepare(self, adj):
        return (adj + torch.eye(len(adj))).bool()

    def forward(self, x, mask):
        x = F.dropout(x, 0.4, self.training)
        h = F.elu(self.a(x, mask).flatten(1))  # heads concatenated
        return self.b(F.dropout(h, 0.4, self.training), mask).mean(1)


MODELS = {"gcn": lambda d, k: GCN(d, 32, k), "gat": lambda d, k: GAT(d, 8, k)}


def run(name, epochs):
    torch.manual_seed(0)
    x, adj, y, (train, val, test) = sbm()
    model = MODELS[name](x.size(1), 4)
    struct = model.prepare(adj)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4)
    best, state, patience = -1.0, None, 0
    for epoch in range(epochs):
        model.train()
        opt.zero_grad()
        out = model(x, struct)
        loss = F.cross_entropy(out[train], y[train])
        loss.backward()
        opt.step()

        model.eval()
        with torch.no_grad():
            pred = model(x, struct).argmax(1)
        acc = (pred[val] == y[val]).float().mean().item()
        if acc > best:
            best, state, patience = acc, copy.deepcopy(model.state_dict()), 0
        else:
            patience += 1
            if patience == 30:
                break
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        pred = model(x, struct).argmax(1)
    print(f"{name}: stopped after {epoch + 1} epochs, val {best:.3f} test {(pred[test] == y[test]).float().mean().item():.3f}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--models", nargs="*", default=list(MODELS))
    ap.add_argument("--epochs", type=int, default=90)
    args = ap.parse_args()
    for m in args.models:
        run(m, args.epochs)
