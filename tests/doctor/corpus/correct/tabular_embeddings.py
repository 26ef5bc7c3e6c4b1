"""Tabular regression with categorical embeddings. Unknown categories map to index 0."""
from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CITIES = ["oslo", "rome", "cairo", "lima", "tokyo", "perth", "turin"]
KINDS = ["flat", "house", "loft"]


@dataclass
class Preprocessor:
    cat_maps: list[dict[str, int]] = field(default_factory=list)
    mean: np.ndarray | None = None
    std: np.ndarray | None = None
    y_mean: float = 0.0
    y_std: float = 1.0

    def fit(self, cats, nums, y):
        self.cat_maps = [{v: i + 1 for i, v in enumerate(sorted(set(col)))} for col in cats]
        self.mean, self.std = nums.mean(0), nums.std(0)
        self.y_mean, self.y_std = float(y.mean()), float(y.std())
        return self

    def transform(self, cats, nums, y):
        c = np.stack([[m.get(v, 0) for v in col] for m, col in zip(self.cat_maps, cats)], axis=1)
        n = (nums - self.mean) / self.std
        t = (y - self.y_mean) / self.y_std
        return TensorDataset(torch.from_numpy(c).long(), torch.from_numpy(n).float(), torch.from_numpy(t).float())

    @property
    def cardinalities(self):
        return [len(m) + 1 for m in self.cat_maps]


class TabularNet(nn.Module):
    def __init__(self, cardinalities: list[int], n_num: int):
        super().__init__()
        dims = [min(16, math.ceil(c / 2)) for c in cardinalities]
        self.embs = nn.ModuleList(nn.Embedding(c, d) for c, d in zip(cardinalities, dims))
        width = sum(dims) + n_num
        self.mlp = nn.Sequential(
            nn.Linear(width, 64), nn.LayerNorm(64), nn.GELU(), nn.Dropout(0.05), nn.Linear(64, 32), nn.GELU(), nn.Linear(32, 1)
        )

    def forward(self, cats, nums):
        e = [emb(cats[:, i]) for i, emb in enumerate(self.embs)]
        return self.mlp(torch.cat([*e, nums], dim=1)).squeeze(1)


def make_rows(n, rng):
    city, kind = rng.integers(0, len(CITIES), n), rng.integers(0, len(KINDS), n)
    area, age = rng.gamma(6.0, 14.0, n), rng.uniform(0, 80, n)
    price = 50 + 1.8 * area * (1 + 0.1 * city) + 40 * kind - 0.8 * age + rng.normal(0, 12, n)
    return [np.array(CITIES)[city], np.array(KINDS)[kind]], np.stack([np.log(area), age], 1), price


def take(rows, ids):
    cats, nums, y = rows
    return [c[ids] for c in cats], nums[ids], y[ids]


@torch.no_grad()
def rmse(model, loader, unit):
    model.eval()
    se, n = 0.0, 0
    for c, x, y in loader:
        se += ((model(c, x) - y) ** 2).sum().item()
        n += len(y)
    return math.sqrt(se / n) * unit


def main():
    torch.manual_seed(9)
    rng = np.random.default_rng(9)
    rows = make_rows(2500, rng)
    order = rng.permutation(2500)
    tr, va, te = order[:1750], order[1750:2125], order[2125:]
    prep = Preprocessor().fit(*take(rows, tr))
    train_dl = DataLoader(prep.transform(*take(rows, tr)), batch_size=64, shuffle=True)
    val_dl = DataLoader(prep.transform(*take(rows, va)), batch_size=256)
    test_dl = DataLoader(prep.transform(*take(rows, te)), batch_size=256)

    model = TabularNet(prep.cardinalities, n_num=2)
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-4)
    loss_fn = nn.MSELoss()
    best, state = float("inf"), None
    for epoch in range(12):
        model.train()
        for c, x, y in train_dl:
            opt.zero_grad()
            loss_fn(model(c, x), y).backward()
            opt.step()
        score = rmse(model, val_dl, prep.y_std)
        print(f"epoch {epoch + 1:2d} val rmse {score:.2f}")
        if score < best:
            best, state = score, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    print(f"test rmse {rmse(model, test_dl, prep.y_std):.2f} (target std {rows[2][te].std():.2f})")


if __name__ == "__main__":
    main()
