"""Implicit-feedback recommender: BPR with sampled negatives, leave-one-out evaluation."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def interactions(users=60, items=80, seed=0):
    rng = np.random.default_rng(seed)
    taste, kind = rng.integers(0, 4, users), rng.integers(0, 4, items)
    seen = []
    for u in range(users):
        p = np.where(kind == taste[u], 8.0, 1.0)
        seen.append(rng.choice(items, 12, replace=False, p=p / p.sum()).tolist())
    return seen, items


class BPR(nn.Module):
    def __init__(self, n_users, n_items, d=16):
        super().__init__()
        self.user = nn.Embedding(n_users, d)
        self.item = nn.Embedding(n_items, d)
        self.bias = nn.Embedding(n_items, 1)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)
        nn.init.zeros_(self.bias.weight)

    def score(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.bias(i).squeeze(-1)

    def all_scores(self, u):
        return self.user(u) @ self.item.weight.T + self.bias.weight.T


seen, n_items = interactions()
held = {u: s[-1] for u, s in enumerate(seen)}
train_seen = {u: set(s[:-1]) for u, s in enumerate(seen)}
pairs = np.array([(u, i) for u, s in train_seen.items() for i in sorted(s)])
rng = np.random.default_rng(1)
torch.manual_seed(1)
model = BPR(len(seen), n_items)
opt = torch.optim.Adam(model.parameters(), lr=0.01)


def negatives(users):
    neg = rng.integers(0, n_items, len(users))
    for k, u in enumerate(users):
        while neg[k] in train_seen[u]:
            neg[k] = rng.integers(0, n_items)
    return torch.from_numpy(neg)


def hit_at(k=10):
    model.eval()
    with torch.no_grad():
        s = model.all_scores(torch.arange(len(seen)))
    for u, items in train_seen.items():
        s[u, list(items)] = -float("inf")
    top = s.topk(k, dim=1).indices
    return np.mean([held[u] in top[u].tolist() for u in held])


for epoch in range(8):
    model.train()
    shuffled = rng.permutation(pairs)
    for start in range(0, len(shuffled), 64):
        batch = shuffled[start:start + 64]
        u, i = torch.from_numpy(batch[:, 0]), torch.from_numpy(batch[:, 1])
        j = negatives(batch[:, 0])
        reg = model.user(u).pow(2).sum(1) + model.item(i).pow(2).sum(1) + model.item(j).pow(2).sum(1)
        loss = (-F.logsigmoid(model.score(u, i) - model.score(u, j)) + 1e-3 * reg).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, round(loss.item(), 4), "hit@10", round(float(hit_at()), 3))
