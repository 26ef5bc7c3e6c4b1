"""Entity embeddings for tabular data, regression on log price, k-fold with out-of-fold predictions.

Flat competition-style script.
"""
import random

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

SEED, N, N_FOLDS, EPOCHS = 2024, 1500, 3, 10


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


seed_everything(SEED)

# ------------------------------------------------------------------ data
CITY = [f"city_{i}" for i in range(20)]
KIND = ["flat", "house", "loft", "castle"]
city = np.random.choice(CITY, N)
kind = np.random.choice(KIND, N, p=[0.6, 0.3, 0.09, 0.01])
area = np.random.gamma(5, 18, N) + 15
age = np.random.uniform(0, 100, N)
age[np.random.rand(N) < 0.1] = np.nan
effect = dict(zip(CITY, np.random.normal(0, 0.5, len(CITY))))
price = np.exp(9 + 0.8 * np.log(area) + np.array([effect[c] for c in city])
               + np.array([{"flat": 0, "house": .2, "loft": .3, "castle": 1.5}[k] for k in kind])
               - 0.003 * np.nan_to_num(age, nan=50) + np.random.normal(0, 0.1, N))
target = np.log1p(price).astype(np.float32)


class CategoryCodes:
    """fit/transform as in scikit-learn; 0 is kept for values not seen in fit."""

    def fit(self, values):
        self.table = {v: i for i, v in enumerate(sorted(set(values)), start=1)}
        return self

    def transform(self, values):
        return np.array([self.table.get(v, 0) for v in values])

    @property
    def size(self):
        return len(self.table) + 1


class Net(nn.Module):
    def __init__(self, sizes, n_num, out_bias):
        super().__init__()
        self.embs = nn.ModuleList([nn.Embedding(s, min(10, (s + 1) // 2)) for s in sizes])
        for e in self.embs:
            nn.init.normal_(e.weight, std=0.1)
            e.weight.data[0].zero_()                     # the unknown: the average of all, zero
        width = sum(e.embedding_dim for e in self.embs) + n_num
        self.mlp = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Dropout(0.05), nn.Linear(64, 1))
        self.mlp[-1].bias.data.fill_(out_bias)           # begin at the mean of the target

    def forward(self, cat, num):
        e = [emb(cat[:, i]) for i, emb in enumerate(self.embs)]
        return self.mlp(torch.cat([*e, num], 1)).squeeze(1)


def numeric(idx, med):
    a = np.where(np.isnan(age[idx]), med, age[idx])
    return np.stack([np.log(area[idx]), a, np.isnan(age[idx])], 1).astype(np.float32)


# ------------------------------------------------------------------ folds
oof = np.zeros(N, dtype=np.float32)
for fold, (tr, va) in enumerate(KFold(N_FOLDS, shuffle=True, random_state=SEED).split(np.arange(N))):
    seed_everything(SEED + fold)
    coders = [CategoryCodes().fit(c[tr]) for c in (city, kind)]
    cat = lambda idx: torch.from_numpy(np.stack([cd.transform(c[idx]) for cd, c in zip(coders, (city, kind))], 1))
    med = np.nanmedian(age[tr])
    scaler = StandardScaler().fit(numeric(tr, med))
    num = lambda idx: torch.from_numpy(scaler.transform(numeric(idx, med)).astype(np.float32))

    train_ds = TensorDataset(cat(tr), num(tr), torch.from_numpy(target[tr]))
    train_dl = DataLoader(train_ds, 64, shuffle=True, drop_last=True)
    x_va = cat(va), num(va)

    model = Net([c.size for c in coders], 3, float(target[tr].mean()))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 1e-2, total_steps=EPOCHS * len(train_dl))
    for epoch in range(EPOCHS):                          # a fixed number: nothing is chosen on the fold
        model.train()
        for c, x, y in train_dl:
            loss = nn.functional.mse_loss(model(c, x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
    model.eval()
    with torch.no_grad():
        oof[va] = model(*x_va).numpy()
    print(f"fold {fold}: RMSLE {mean_squared_error(target[va], oof[va]) ** 0.5:.4f}")

print(f"CV RMSLE {mean_squared_error(target, oof) ** 0.5:.4f}  (always the mean: {target.std():.4f})")
