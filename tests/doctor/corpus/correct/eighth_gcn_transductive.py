"""Two-layer GCN (Kipf & Welling) written by hand, on a stochastic block model.

Transductive, as in the paper: the whole graph with all features goes through the
network, the loss looks at the training nodes only.
"""
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def sbm(n_per=80, classes=4, p_in=0.08, p_out=0.012, dim=16, rng=None):
    y = np.repeat(np.arange(classes), n_per)
    prob = np.where(y[:, None] == y[None, :], p_in, p_out)
    upper = np.triu(rng.random(prob.shape) < prob, k=1)
    adj = (upper | upper.T).astype(np.float32)
    x = rng.normal(size=(len(y), dim)) + 0.45 * rng.normal(size=(classes, dim))[y]
    return adj, x.astype(np.float32), y


def normalise(adj):
    a = adj + np.eye(len(adj), dtype=np.float32)
    d = a.sum(1) ** -0.5
    a = d[:, None] * a * d[None, :]
    return torch.from_numpy(a).to_sparse_coo().coalesce()


class GraphConvolution(nn.Module):
    def __init__(self, fin, fout):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(fin, fout))
        self.bias = nn.Parameter(torch.empty(fout))
        self.reset_parameters()

    def reset_parameters(self):
        stdv = self.weight.size(1) ** -0.5
        self.weight.data.uniform_(-stdv, stdv)
        self.bias.data.uniform_(-stdv, stdv)

    def forward(self, x, adj):
        return torch.sparse.mm(adj, x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        x = self.gc2(x, adj)
        return F.log_softmax(x, dim=1)


def accuracy(output, labels):
    return output.max(1)[1].eq(labels).double().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=200)
    ap.add_argument("--lr", type=float, default=0.01)
    ap.add_argument("--weight-decay", type=float, default=5e-4)
    ap.add_argument("--hidden", type=int, default=16)
    ap.add_argument("--dropout", type=float, default=0.5)
    ap.add_argument("--patience", type=int, default=40)
    ap.add_argument("--seed", type=int, default=42)
    args = ap.parse_args()

    rng = np.random.default_rng(args.seed)
    torch.manual_seed(args.seed)
    adj_np, x, y = sbm(rng=rng)
    adj = normalise(adj_np)
    features = torch.from_numpy(x)
    features = features / features.norm(dim=1, keepdim=True)      # per node: nothing is fitted
    labels = torch.from_numpy(y)
    idx = torch.from_numpy(rng.permutation(len(y)))
    idx_train, idx_val, idx_test = idx[:60], idx[60:140], idx[140:]

    model = GCN(features.shape[1], args.hidden, 4, args.dropout)
    # as in the paper, only the first layer is decayed
    optimizer = torch.optim.Adam([
        dict(params=model.gc1.parameters(), weight_decay=args.weight_decay),
        dict(params=model.gc2.parameters(), weight_decay=0.0),
    ], lr=args.lr)

    best, wait, state = float("inf"), 0, None
    for epoch in range(args.epochs):
        model.train()
        optimizer.zero_grad()
        output = model(features, adj)
        loss_train = F.nll_loss(output[idx_train], labels[idx_train])
        loss_train.backward()
        optimizer.step()

        model.eval()
        with torch.no_grad():
            output = model(features, adj)
            loss_val = F.nll_loss(output[idx_val], labels[idx_val]).item()
        if epoch % 40 == 0:
            print(f"Epoch {epoch:04d} loss_train {loss_train.item():.4f} loss_val {loss_val:.4f} "
                  f"acc_val {accuracy(output[idx_val], labels[idx_val]):.4f}")
        if loss_val < best:
            best, wait = loss_val, 0
            state = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            wait += 1
            if wait >= args.patience:
                print("early stop at", epoch)
                break

    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        output = model(features, adj)
    print(f"test accuracy {accuracy(output[idx_test], labels[idx_test]):.4f}")


if __name__ == "__main__":
    main()
