"""Tabular data with categories: sparse entity embeddings (SparseAdam) and a dense part (AdamW), unknown = 0."""
import csv
import io
import random
from collections import Counter

import torch
import torch.nn as nn

CATEGORICAL, NUMERIC = ["city", "brand", "weekday"], ["price", "age"]


def fake_csv(n, seed):
    rng = random.Random(seed)
    effect = {f"c{i}": rng.gauss(0, 1) for i in range(25)} | {f"b{i}": rng.gauss(0, 1) for i in range(8)}
    out = io.StringIO()
    w = csv.writer(out)
    w.writerow(CATEGORICAL + NUMERIC + ["sold"])
    for _ in range(n):
        c, b, d = f"c{min(int(rng.expovariate(0.15)), 24)}", f"b{rng.randrange(8)}", rng.choice("MTWtFSs")
        price, age = rng.lognormvariate(3, 0.5), rng.randint(18, 80)
        score = effect[c] + effect[b] + (d in "Ss") - 0.05 * (price - 22) + 0.02 * (age - 50)
        w.writerow([c, b, d, round(price, 2), age, int(rng.random() < 1 / (1 + 2.718281828 ** -score))])
    return list(csv.DictReader(io.StringIO(out.getvalue())))


class Encoder:
    """Fitted on training rows: category -> 1..K by frequency (at least 3 times), everything else -> 0."""

    def fit(self, rows):
        self.maps = {}
        for c in CATEGORICAL:
            common = [k for k, n in Counter(r[c] for r in rows).most_common() if n >= 3]
            self.maps[c] = {k: i + 1 for i, k in enumerate(common)}
        num = self._numeric(rows)
        self.mean, self.std = num.mean(0), num.std(0)
        return self

    def _numeric(self, rows):
        t = torch.tensor([[float(r[c]) for c in NUMERIC] for r in rows])
        t[:, 0] = t[:, 0].log()
        return t

    def __call__(self, rows):
        cats = torch.tensor([[self.maps[c].get(r[c], 0) for c in CATEGORICAL] for r in rows])
        return cats, (self._numeric(rows) - self.mean) / self.std, torch.tensor([float(r["sold"]) for r in rows])


class Model(nn.Module):
    def __init__(self, cards, dim=6):
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(k + 1, dim, sparse=True) for k in cards)
        for e in self.embeddings:
            nn.init.normal_(e.weight, std=0.05)
        self.mlp = nn.Sequential(nn.Linear(dim * len(cards) + len(NUMERIC), 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, cats, nums):
        # during training some categories are hidden, so that index 0 learns what "unknown" means
        if self.training:
            cats = cats.masked_fill(torch.rand(cats.shape) < 0.05, 0)
        parts = [e(cats[:, i]) for i, e in enumerate(self.embeddings)]
        return self.mlp(torch.cat([*parts, nums], dim=1)).squeeze(1)


def batches(data, size, shuffle):
    n = len(data[0])
    order = torch.randperm(n) if shuffle else torch.arange(n)
    for rows in order.split(size):
        yield tuple(t[rows] for t in data)


@torch.no_grad()
def evaluate(model, data):
    model.eval()
    loss = hits = 0.0
    for cats, nums, y in batches(data, 256, shuffle=False):
        z = model(cats, nums)
        loss += nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum").item()
        hits += ((z > 0) == (y == 1)).sum().item()
    return loss / len(data[2]), hits / len(data[2])


def main():
    torch.manual_seed(0)
    rows = fake_csv(2400, 5)
    train_rows, val_rows, test_rows = rows[:1600], rows[1600:2000], rows[2000:]     # rows are drawn independently
    enc = Encoder().fit(train_rows)
    train, val, test = map(enc, (train_rows, val_rows, test_rows))
    model = Model([len(enc.maps[c]) for c in CATEGORICAL])
    optimizers = [torch.optim.SparseAdam(list(model.embeddings.parameters()), lr=1e-2),
                  torch.optim.AdamW(model.mlp.parameters(), lr=3e-3, weight_decay=1e-2)]
    best, state = float("inf"), None
    for epoch in range(8):
        model.train()
        for cats, nums, y in batches(train, 64, shuffle=True):
            for o in optimizers:
                o.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(cats, nums), y).backward()
            for o in optimizers:
                o.step()
        loss, acc = evaluate(model, val)
        if loss < best:
            best, state = loss, {k: v.clone() for k, v in model.state_dict().items()}
        print(f"epoch {epoch} val loss {loss:.4f} acc {acc:.3f}")
    model.load_state_dict(state)
    print("test loss %.4f acc %.3f" % evaluate(model, test), "base rate", test[2].mean().item())


if __name__ == "__main__":
    main()
