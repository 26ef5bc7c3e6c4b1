"""Semi-supervised GCN (Kipf & Welling 2017), transductive, on a stochastic block model with noisy features."""
import argparse
import math
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parameter import Parameter


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super(GraphConvolution, self).__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.empty(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.empty(out_features))
        else:
            self.register_parameter('bias', None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1. / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        support = torch.mm(input, self.weight)
        output = torch.sparse.mm(adj, support)
        return output if self.bias is None else output + self.bias

    def __repr__(self):
        return f'{self.__class__.__name__} ({self.in_features} -> {self.out_features})'


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super(GCN, self).__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.dropout(x, self.dropout, training=self.training)
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        x = self.gc2(x, adj)
        return F.log_softmax(x, dim=1)


def load_sbm(n=600, k=4, nfeat=32, p_in=0.03, p_out=0.004, seed=0):
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, k, n)
    prob = np.where(labels[:, None] == labels[None], p_in, p_out)
    upper = np.triu(rng.rand(n, n) < prob, 1)
    a = (upper | upper.T).astype(np.float32) + np.eye(n, dtype=np.float32)
    d = a.sum(1) ** -0.5
    a = torch.from_numpy(d[:, None] * a * d[None]).to_sparse().coalesce()
    centres = rng.randn(k, nfeat) * 0.35
    features = torch.tensor(centres[labels] + rng.randn(n, nfeat), dtype=torch.float32)
    order = rng.permutation(n)
    idx = {'train': order[:40], 'val': order[40:190], 'test': order[190:]}
    return a, features, torch.from_numpy(labels), {s: torch.from_numpy(i) for s, i in idx.items()}


def accuracy(output, labels):
    return (output.max(1)[1] == labels).double().mean().item()


parser = argparse.ArgumentParser()
parser.add_argument('--seed', type=int, default=42)
parser.add_argument('--epochs', type=int, default=120)
parser.add_argument('--lr', type=float, default=0.02)
parser.add_argument('--weight_decay', type=float, default=5e-4)
parser.add_argument('--hidden', type=int, default=32)
parser.add_argument('--dropout', type=float, default=0.5)
parser.add_argument('--patience', type=int, default=40)
args = parser.parse_args()
np.random.seed(args.seed)
torch.manual_seed(args.seed)

adj, features, labels, idx = load_sbm()
model = GCN(features.shape[1], args.hidden, int(labels.max()) + 1, args.dropout)
# as in the paper, only the first layer is regularised
optimizer = torch.optim.Adam([
    dict(params=model.gc1.parameters(), weight_decay=args.weight_decay),
    dict(params=model.gc2.parameters(), weight_decay=0.)], lr=args.lr)


def train():
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)  # the whole graph goes in; only the labelled nodes count
    loss = F.nll_loss(output[idx['train']], labels[idx['train']])
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def test(split):
    model.eval()
    output = model(features, adj)[idx[split]]
    return F.nll_loss(output, labels[idx[split]]).item(), accuracy(output, labels[idx[split]])


t0, best, waited = time.time(), (float('inf'), None), 0
for epoch in range(args.epochs):
    loss_train = train()
    loss_val, acc_val = test('val')
    if loss_val < best[0]:
        best, waited = (loss_val, {k: v.clone() for k, v in model.state_dict().items()}), 0
    else:
        waited += 1
        if waited == args.patience:
            break
    if epoch % 30 == 0:
        print('Epoch: {:04d} loss_train: {:.4f} loss_val: {:.4f} acc_val: {:.4f}'.format(
            epoch + 1, loss_train, loss_val, acc_val))
print('Optimization finished after {} epochs, {:.2f}s'.format(epoch + 1, time.time() - t0))
model.load_state_dict(best[1])
print('Test set results: loss= {:.4f} accuracy= {:.4f}'.format(*test('test')))
