# Diabetes progression, 5-fold ensemble with an untouched test part
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

np.random.seed(0)
torch.manual_seed(0)

X, y = load_diabetes(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0)


def make_model(n_in):
    return nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))


def fit(xt, yt, xv, yv, epochs=150, patience=20, bs=64):
    model = make_model(xt.shape[1])
    opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-3)
    mse = nn.MSELoss()
    best, best_sd, wait = np.inf, None, 0
    for _ in range(epochs):
        model.train()
        perm = torch.randperm(len(xt))
        for i in range(0, len(xt), bs):
            idx = perm[i:i + bs]
            opt.zero_grad()
            mse(model(xt[idx]).squeeze(1), yt[idx]).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            v = mse(model(xv).squeeze(1), yv).item()
        if v < best:
            best, wait = v, 0
            best_sd = copy.deepcopy(model.state_dict())
        else:
            wait += 1
            if wait >= patience:
                break
    model.load_state_dict(best_sd)
    return model.eval()


def t(a):
    return torch.as_tensor(a, dtype=torch.float32)


oof = np.zeros(len(y))
test_pred = np.zeros(len(y_test))
kf = KFold(n_splits=5, shuffle=True, random_state=1)
for fold, (tr, va) in enumerate(kf.split(X)):
    sx, sy = StandardScaler().fit(X[tr]), StandardScaler().fit(y[tr, None])
    model = fit(t(sx.transform(X[tr])), t(sy.transform(y[tr, None])).squeeze(1),
                t(sx.transform(X[va])), t(sy.transform(y[va, None])).squeeze(1))

    def predict(a):
        with torch.no_grad():
            z = model(t(sx.transform(a))).numpy()
        return sy.inverse_transform(z)[:, 0]

    oof[va] = predict(X[va])
    test_pred += predict(X_test) / kf.get_n_splits()
    print(f"fold {fold}: R2 {r2_score(y[va], oof[va]):.3f}")

print(f"out-of-fold R2 {r2_score(y, oof):.3f} (folds also chose the stopping epoch, so a little optimistic)")
print(f"test        R2 {r2_score(y_test, test_pred):.3f}  RMSE {np.sqrt(np.mean((y_test - test_pred) ** 2)):.1f}")
