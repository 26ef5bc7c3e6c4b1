# Kaggle-style notebook as a script: mixed columns, embeddings, OOF predictions, submission file
# %%
import csv
import io

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

SEED, N_FOLDS, EPOCHS, BS = 2024, 4, 10, 64
rng = np.random.default_rng(SEED)


# %% data (stands in for train.csv / test.csv)
def make_table(n):
    port = rng.choice(["S", "C", "Q"], n, p=[0.7, 0.2, 0.1])
    pclass = rng.integers(1, 4, n)
    sex = rng.choice(["male", "female"], n)
    age = rng.gamma(6, 5, n)
    fare = np.exp(rng.normal(4.5 - pclass, 0.5))
    z = 1.8 * (sex == "female") - 0.9 * (pclass - 2) - 0.03 * (age - 30) + 0.5 * (port == "C") - 0.8
    label = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.float32)
    age[rng.random(n) < 0.2] = np.nan
    return {"port": port, "pclass": pclass, "sex": sex, "age": age, "fare": fare}, label


train_df, target = make_table(1200)
test_df, _ = make_table(400)
CATS, NUMS = ["port", "pclass", "sex"], ["age", "fare"]
vocab = {c: {v: i + 1 for i, v in enumerate(sorted(set(train_df[c].tolist())))} for c in CATS}   # 0 = unknown


# %% features: statistics always come from the training rows that are handed in
class Features:
    def fit(self, df, rows):
        self.median = {c: np.nanmedian(df[c][rows]) for c in NUMS}
        filled = self._fill(df, rows)
        self.mu, self.sd = filled.mean(0), filled.std(0)
        return self

    def _fill(self, df, rows):
        cols = [np.where(np.isnan(df[c][rows]), self.median[c], df[c][rows]) for c in NUMS]
        return np.stack([cols[0], np.log1p(cols[1])], 1)

    def __call__(self, df, rows):
        num = (self._fill(df, rows) - self.mu) / self.sd
        num = np.concatenate([num, np.isnan(df["age"][rows])[:, None]], 1)
        cat = np.stack([[vocab[c].get(v, 0) for v in df[c][rows].tolist()] for c in CATS], 1)
        return torch.tensor(cat), torch.tensor(num, dtype=torch.float32)


class TabularNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.ModuleList(nn.Embedding(len(vocab[c]) + 1, 3) for c in CATS)
        self.mlp = nn.Sequential(nn.Linear(3 * len(CATS) + 3, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))

    def forward(self, cat, num):
        e = [m(cat[:, i]) for i, m in enumerate(self.emb)]
        return self.mlp(torch.cat([*e, num], 1)).squeeze(1)


# %% training
def run_fold(fold, tr, va):
    torch.manual_seed(SEED + fold)
    fx = Features().fit(train_df, tr)
    cat, num = fx(train_df, tr)
    y = torch.from_numpy(target[tr])
    model, loss_fn = TabularNet(), nn.BCEWithLogitsLoss()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    sch = torch.optim.lr_scheduler.CosineAnnealingLR(opt, EPOCHS)
    for _ in range(EPOCHS):
        model.train()
        for b in torch.randperm(len(tr)).split(BS):
            opt.zero_grad()
            loss_fn(model(cat[b], num[b]), y[b]).backward()
            opt.step()
        sch.step()
    model.eval()
    with torch.no_grad():
        everything = np.arange(len(test_df["age"]))
        return (torch.sigmoid(model(*fx(train_df, va))).numpy(),
                torch.sigmoid(model(*fx(test_df, everything))).numpy())


oof, sub = np.zeros(len(target)), np.zeros(len(test_df["age"]))
for k, (tr, va) in enumerate(StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED).split(np.zeros(len(target)), target)):
    oof[va], p = run_fold(k, tr, va)
    sub += p / N_FOLDS
    print(f"fold {k} AUC {roc_auc_score(target[va], oof[va]):.4f}")
print(f"OOF AUC {roc_auc_score(target, oof):.4f}")

# %% submission
buf = io.StringIO()
w = csv.writer(buf)
w.writerow(["PassengerId", "Survived"])
w.writerows((i, int(p > 0.5)) for i, p in enumerate(sub))
print(buf.getvalue().splitlines()[:3], f"survival rate predicted {np.mean(sub > 0.5):.3f}")
