# 5-fold cross validation with out-of-fold predictions, Kaggle style
import random
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class CFG:
    seed = 2024
    n_fold = 5
    epochs = 12
    bs = 64
    lr = 5e-3
    wd = 1e-4
    hidden = 32


def seed_all(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


def rmse(a, b):
    return float(np.sqrt(np.mean((a - b) ** 2)))


class TabDS(Dataset):
    def __init__(self, X, y=None):
        self.X = X.astype(np.float32)
        self.y = None if y is None else y.astype(np.float32)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i] if self.y is None else (self.X[i], self.y[i])


class Scaler:
    def fit(self, a):
        self.m, self.s = a.mean(0), a.std(0) + 1e-8
        return self

    def transform(self, a):
        return (a - self.m) / self.s

    def inverse(self, a):
        return a * self.s + self.m


class Net(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.seq = nn.Sequential(
            nn.Linear(d, CFG.hidden), nn.SiLU(), nn.Dropout(0.05),
            nn.Linear(CFG.hidden, CFG.hidden), nn.SiLU(), nn.Linear(CFG.hidden, 1))

    def forward(self, x):
        return self.seq(x).squeeze(-1)


def predict(model, X):
    model.eval()
    out = []
    with torch.no_grad():
        for xb in DataLoader(TabDS(X), batch_size=256, shuffle=False):
            out.append(model(xb).numpy())
    return np.concatenate(out)


def train_fold(fold, X, y, tr, va, X_test):
    seed_all(CFG.seed + fold)
    sx, sy = Scaler().fit(X[tr]), Scaler().fit(y[tr])
    dl = DataLoader(TabDS(sx.transform(X[tr]), sy.transform(y[tr])), batch_size=CFG.bs, shuffle=True, drop_last=True)
    model = Net(X.shape[1])
    opt = torch.optim.AdamW(model.parameters(), lr=CFG.lr, weight_decay=CFG.wd)
    sch = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=CFG.lr * 2, epochs=CFG.epochs, steps_per_epoch=len(dl))
    crit = nn.MSELoss()
    for ep in range(CFG.epochs):
        model.train()
        for xb, yb in dl:
            opt.zero_grad()
            loss = crit(model(xb), yb)
            loss.backward()
            opt.step()
            sch.step()
    oof = sy.inverse(predict(model, sx.transform(X[va])))
    test = sy.inverse(predict(model, sx.transform(X_test)))
    print(f"fold {fold}: rmse {rmse(oof, y[va]):.4f}")
    return oof, test


def make_data(n, rng):
    X = rng.normal(size=(n, 8)) * np.array([1, 5, 0.1, 20, 1, 1, 2, 1]) + np.array([0, 10, 0, -5, 0, 0, 3, 0])
    y = 40 + 3 * X[:, 0] + 0.8 * X[:, 1] * np.sign(X[:, 4]) + 0.2 * X[:, 3] + 2 * np.sin(2 * X[:, 6]) + rng.normal(size=n)
    return X, y


if __name__ == "__main__":
    seed_all(CFG.seed)
    rng = np.random.default_rng(CFG.seed)
    X, y = make_data(1000, rng)
    X_test, y_test = make_data(300, rng)  # y_test plays the hidden leaderboard
    folds = np.array_split(rng.permutation(len(X)), CFG.n_fold)
    oof = np.zeros(len(X))
    test = np.zeros(len(X_test))
    for f in range(CFG.n_fold):
        va = folds[f]
        tr = np.concatenate([folds[j] for j in range(CFG.n_fold) if j != f])
        oof[va], p = train_fold(f, X, y, tr, va, X_test)
        test += p / CFG.n_fold
    print(f"CV {rmse(oof, y):.4f}   leaderboard {rmse(test, y_test):.4f}   naive {rmse(np.full_like(y_test, y.mean()), y_test):.4f}")
