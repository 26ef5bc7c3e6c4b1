"""Semi-supervised node classification with a two-layer GCN on a stochastic block model."""
import argparse
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def block_model(n_per_block, blocks, p_in, p_out, feat_dim):
    y = torch.arange(blocks).repeat_interleave(n_per_block)
    prob = torch.where(y[:, None] == y[None, :], p_in, p_out)
    upper = torch.triu(torch.bernoulli(prob), diagonal=1)
    adj = upper + upper.t()
    means = torch.randn(blocks, feat_dim) * 0.5
    x = means[y] + torch.randn(len(y), feat_dim)
    return x, adj, y


def normalize(adj):
    a = adj + torch.eye(adj.size(0))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None, :]


class GraphConv(nn.Module):
    def __init__(self, fan_in, fan_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(fan_in, fan_out))
        self.bias = nn.Parameter(torch.zeros(fan_out))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, a):
        return a @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, d_in, d_hidden, d_out, dropout):
        super().__init__()
        self.gc1 = GraphConv(d_in, d_hidden)
        self.gc2 = GraphConv(d_hidden, d_out)
        self.dropout = dropout

    def forward(self, x, a):
        h = F.relu(self.gc1(x, a))
        h = F.dropout(h, self.dropout, training=self.training)
        return self.gc2(h, a)


def random_masks(y, train_per_class, n_val):
    train = torch.zeros(len(y), dtype=torch.bool)
    for c in y.unique():
        members = (y == c).nonzero().flatten()
        train[members[torch.randperm(len(members))[:train_per_class]]] = True
    rest = (~train).nonzero().flatten()
    rest = rest[torch.randperm(len(rest))]
    val, test = torch.zeros_like(train), torch.zeros_like(train)
    val[rest[:n_val]] = True
    test[rest[n_val:]] = True
    return train, val, test


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--lr", type=float, default=0.01)
    p.add_argument("--hidden", type=int, default=16)
    p.add_argument("--dropout", type=float, default=0.5)
    p.add_argument("--epochs", type=int, default=100)
    p.add_argument("--patience", type=int, default=20)
    p.add_argument("--seed", type=int, default=72)
    return p.parse_args()


def main():
    args = parse()
    torch.manual_seed(args.seed)
    x, adj, y = block_model(60, 4, 0.12, 0.02, 12)
    a = normalize(adj)
    train, val, test = random_masks(y, train_per_class=8, n_val=60)
    model = GCN(x.size(1), args.hidden, 4, args.dropout)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=5e-4)

    best_loss, best_state, since = float("inf"), None, 0
    for epoch in range(args.epochs):
        model.train()
        opt.zero_grad()
        F.cross_entropy(model(x, a)[train], y[train]).backward()
        opt.step()
        model.eval()
        with torch.no_grad():
            out = model(x, a)
            val_loss = F.cross_entropy(out[val], y[val]).item()
            val_acc = (out[val].argmax(1) == y[val]).float().mean().item()
        if val_loss < best_loss:
            best_loss, best_state, since = val_loss, copy.deepcopy(model.state_dict()), 0
        else:
            since += 1
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d} val loss {val_loss:.3f} acc {val_acc:.3f}")
        if since > args.patience:
            break
    model.load_state_dict(best_state)
    model.eval()
    with torch.no_grad():
        pred = model(x, a).argmax(1)
    print(f"test acc {(pred[test] == y[test]).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
