"""Matrix factorisation with BPR (implicit feedback), leave-last-out evaluation with HR@10 / NDCG@10."""
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


@dataclass
class Args:
    users: int = 150
    items: int = 120
    factors: int = 12
    epochs: int = 12
    batch: int = 256
    lr: float = 0.02
    reg: float = 2e-4
    topk: int = 10
    seed: int = 2


def simulate(a):
    """Each user has a taste; a history is drawn without repetition, in time order."""
    rng = np.random.default_rng(a.seed)
    u, v = rng.normal(size=(a.users, 4)), rng.normal(size=(a.items, 4))
    history = []
    for i in range(a.users):
        p = np.exp(1.3 * (v @ u[i]))
        history.append(rng.choice(a.items, size=rng.integers(12, 25), replace=False, p=p / p.sum()))
    return history


class BPRPairs(Dataset):
    def __init__(self, history, n_items, seed):
        self.pos = [(u, i) for u, h in enumerate(history) for i in h.tolist()]
        self.seen = [set(h.tolist()) for h in history]
        self.n_items = n_items
        self.rng = np.random.default_rng(seed)
        self.resample()

    def resample(self):
        """New negatives for each epoch: items that the user has not taken in the training part."""
        self.neg = []
        for u, _ in self.pos:
            j = int(self.rng.integers(self.n_items))
            while j in self.seen[u]:
                j = int(self.rng.integers(self.n_items))
            self.neg.append(j)

    def __len__(self):
        return len(self.pos)

    def __getitem__(self, k):
        return (*self.pos[k], self.neg[k])


class MF(nn.Module):
    def __init__(self, users, items, k):
        super().__init__()
        self.user = nn.Embedding(users, k)
        self.item = nn.Embedding(items, k)
        self.bias = nn.Embedding(items, 1)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)
        nn.init.zeros_(self.bias.weight)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.bias(i).squeeze(-1)

    def l2(self, u, i, j):
        return (self.user(u).square().sum() + self.item(i).square().sum() + self.item(j).square().sum()) / len(u)

    def all_scores(self):
        return self.user.weight @ self.item.weight.T + self.bias.weight.T


@torch.no_grad()
def metrics(model, hide, gold, k):
    model.eval()
    scores = model.all_scores().clone()
    for u, items in enumerate(hide):
        scores[u, torch.from_numpy(items)] = -math.inf        # known items aren't recommended again
    g = scores.gather(1, gold[:, None])
    rank = (scores > g).sum(1)                                 # 0 = first place
    hit = (rank < k).float()
    ndcg = torch.where(rank < k, 1 / torch.log2(rank + 2.0), torch.zeros(()))
    return hit.mean().item(), ndcg.mean().item()


def main(a=Args()):
    torch.manual_seed(a.seed)
    history = simulate(a)
    train = [h[:-2] for h in history]
    val_gold = torch.tensor([h[-2] for h in history])
    test_gold = torch.tensor([h[-1] for h in history])

    data = BPRPairs(train, a.items, a.seed)
    loader = DataLoader(data, a.batch, shuffle=True)
    model = MF(a.users, a.items, a.factors)
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)

    best, keep = -1.0, None
    for epoch in range(a.epochs):
        model.train()
        if epoch:
            data.resample()
        total = 0.0
        for u, i, j in loader:
            loss = -F.logsigmoid(model(u, i) - model(u, j)).mean() + a.reg * model.l2(u, i, j)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(u)
        hr, ndcg = metrics(model, train, val_gold, a.topk)
        print(f"epoch {epoch:2d} bpr {total / len(data):.4f} val HR@10 {hr:.3f} NDCG@10 {ndcg:.3f}")
        if ndcg > best:
            best, keep = ndcg, {k: v.detach().clone() for k, v in model.state_dict().items()}
    model.load_state_dict(keep)
    # by the time of the test item the validation item is in the past
    hr, ndcg = metrics(model, [h[:-1] for h in history], test_gold, a.topk)
    print(f"test HR@10 {hr:.3f} NDCG@10 {ndcg:.3f}  (chance HR about {a.topk / a.items:.3f})")


if __name__ == "__main__":
    main()
