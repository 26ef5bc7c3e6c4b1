"""Metric learning: PK batches, batch-hard mining, recall@1 on classes never seen in training."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Sampler, TensorDataset
from sklearn.datasets import load_digits

random.seed(0)
torch.manual_seed(0)


class PKSampler(Sampler):
    def __init__(self, labels, p, k, batches):
        self.by = {c: (labels == c).nonzero().squeeze(1).tolist() for c in labels.unique().tolist()}
        self.p, self.k, self.batches = p, k, batches

    def __len__(self):
        return self.batches

    def __iter__(self):
        for _ in range(self.batches):
            yield [i for c in random.sample(sorted(self.by), self.p) for i in random.sample(self.by[c], self.k)]


def batch_hard(e, y, margin=0.3):
    d = (2 - 2 * e @ e.T).clamp_min(1e-8).sqrt()          # unit vectors; the floor keeps the root's gradient finite
    same = y[:, None] == y[None, :]
    eye = torch.eye(len(y), dtype=torch.bool)
    pos = d.masked_fill(~same | eye, float("-inf")).max(1).values
    neg = d.masked_fill(same, float("inf")).min(1).values
    return F.relu(pos - neg + margin).mean()


@torch.no_grad()
def recall_at_1(net, x, y):
    net.eval()
    e = F.normalize(net(x), dim=1)
    sim = (e @ e.T).fill_diagonal_(-2.0)
    return (y[sim.argmax(1)] == y).float().mean().item()


X, Y = load_digits(return_X_y=True)
X, Y = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(Y)
known = Y < 6
loader = DataLoader(TensorDataset(X[known], Y[known]), batch_sampler=PKSampler(Y[known], p=4, k=8, batches=25))
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
print(f"start: new classes {recall_at_1(net, X[~known], Y[~known]):.3f}")
for epoch in range(5):
    net.train()
    tot = 0.0
    for x, y in loader:
        loss = batch_hard(F.normalize(net(x), dim=1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    # every batch has the same size, hence the plain mean
    print(f"epoch {epoch}: loss {tot / len(loader):.3f} new classes {recall_at_1(net, X[~known], Y[~known]):.3f}")
