"""Metric learning: batch-hard triplet loss with a P x K sampler; retrieval on classes never seen in training."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, Sampler


class Digits(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class PKSampler(Sampler):
    """Batches of P classes with K samples each. A class may give a sample to several batches of an epoch."""

    def __init__(self, labels, P, K, batches, seed=0):
        self.by_class = {}
        for i, c in enumerate(labels.tolist()):
            self.by_class.setdefault(c, []).append(i)
        self.P, self.K, self.batches = P, K, batches
        self.rng = random.Random(seed)             # goes on from epoch to epoch

    def __len__(self):
        return self.batches

    def __iter__(self):
        for _ in range(self.batches):
            classes = self.rng.sample(sorted(self.by_class), self.P)
            yield [i for c in classes for i in self.rng.sample(self.by_class[c], self.K)]


def pairwise(e):
    sq = (e.unsqueeze(0) - e.unsqueeze(1)).pow(2).sum(-1)
    # the root has no finite slope at 0: shift, then put exact zeros back
    zero = sq == 0
    return (sq + zero * 1e-12).sqrt() * ~zero


def batch_hard(e, y, margin):
    d = pairwise(e)
    same = y.unsqueeze(0) == y.unsqueeze(1)
    hardest_pos = d.masked_fill(~same, -1.0).amax(1)
    hardest_neg = d.masked_fill(same, float("inf")).amin(1)
    per_anchor = F.relu(hardest_pos - hardest_neg + margin)
    return per_anchor.mean(), (per_anchor > 0).float().mean().item()


class Embedder(nn.Module):
    def __init__(self, out=16):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(128, 96), nn.ReLU(), nn.Linear(96, out))

    def forward(self, x):
        return F.normalize(self.f(x), dim=-1)


@torch.no_grad()
def recall_at_1(model, x, y):
    model.eval()
    e = model(x)
    d = torch.cdist(e, e).fill_diagonal_(float("inf"))      # not its own neighbour
    return (y[d.argmin(1)] == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    bunch = load_digits()
    x, y = torch.tensor(bunch.data, dtype=torch.float32) / 16, torch.tensor(bunch.target)
    x = torch.cat([x, 0.6 * torch.randn_like(x)], dim=1)      # as many distractors as pixels
    seen = y < 6                                              # zero-shot split: 6..9 are the test classes
    train, x_new, y_new = Digits(x[seen], y[seen]), x[~seen], y[~seen]

    loader = DataLoader(train, batch_sampler=PKSampler(train.y, P=6, K=8, batches=40))
    model = Embedder()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    print(f"start: recall@1 on new classes {recall_at_1(model, x_new, y_new):.3f}")
    for epoch in range(6):
        model.train()
        tot, active = 0.0, 0.0
        for xb, yb in loader:
            loss, frac = batch_hard(model(xb), yb, margin=0.3)
            opt.zero_grad(); loss.backward(); opt.step()
            tot += loss.item(); active += frac
        print(f"epoch {epoch} loss {tot / len(loader):.4f} active anchors {active / len(loader):.2f} "
              f"recall@1 on new classes {recall_at_1(model, x_new, y_new):.3f}")
