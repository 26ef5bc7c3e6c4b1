from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass
class Args:
    dim: int = 12
    lr: float = 1e-2
    epochs: int = 12
    batch: int = 128
    seed: int = 2024


class IdEncoder:
    """Raw ids (any hashable) to 1..n, 0 is for the unknown."""

    def fit(self, values):
        self.table = {v: k for k, v in enumerate(sorted(set(values)), start=1)}
        return self

    def transform(self, values):
        return torch.tensor([self.table.get(v, 0) for v in values])

    def __len__(self):
        return len(self.table) + 1


def fake_ratings(rng, n_users=80, n_items=300, n=4000):
    u, i = rng.integers(0, n_users, n), rng.integers(0, n_items, n)
    p, q = rng.normal(size=(n_users, 3)), rng.normal(size=(n_items, 3))
    r = (p[u] * q[i]).sum(1) + 0.1 * rng.normal(size=n)
    return [f"u{a:04d}" for a in u], [f"B{b * 37:06d}" for b in i], torch.tensor(r, dtype=torch.float32)


class MF(nn.Module):
    def __init__(self, n_users, n_items, dim):
        super().__init__()
        self.u = nn.Embedding(n_users, dim)
        self.i = nn.Embedding(n_items, dim)
        for e in (self.u, self.i):
            nn.init.normal_(e.weight, std=0.3)

    def forward(self, u, i):
        return (self.u(u) * self.i(i)).sum(1)


def main(args=Args()):
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    users, items, ratings = fake_ratings(rng)
    split = 3400
    tr, te = slice(0, split), slice(split, None)

    user_enc = IdEncoder().fit(users[tr])
    item_enc = IdEncoder().fit(items[tr])
    u_train, i_train = user_enc.transform(users[tr]), item_enc.transform(items[tr])

    model = MF(len(user_enc), len(item_enc), args.dim)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        for b in torch.randperm(split).split(args.batch):
            loss = (model(u_train[b], i_train[b]) - ratings[b]).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, "train mse", round(loss.item(), 3))

    u_test = IdEncoder().fit(users[te]).transform(users[te])
    i_test = IdEncoder().fit(items[te]).transform(items[te])
    with torch.no_grad():
        mse = (model(u_test, i_test) - ratings[te]).pow(2).mean().item()
    print("test mse", round(mse, 3))


main()
