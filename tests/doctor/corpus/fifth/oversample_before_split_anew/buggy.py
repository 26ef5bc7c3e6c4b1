import numpy as np
import torch
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def churn_table(n=1200, d=16, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    score = X[:, 0] - X[:, 1] * X[:, 2] + rng.normal(scale=1.5, size=n)
    return X, (score > np.quantile(score, 0.92)).astype(np.int64)


def balance(X, y, seed=0):
    """repeat rows of the rare class until both classes are equally frequent"""
    rng = np.random.default_rng(seed)
    rare = np.flatnonzero(y == 1)
    extra = rng.choice(rare, size=(y == 0).sum() - len(rare), replace=True)
    keep = np.concatenate([np.arange(len(y)), extra])
    return X[keep], y[keep]


def tensors(*arrays):
    return [torch.from_numpy(a) for a in arrays]


torch.manual_seed(0)
X, y = balance(*churn_table())
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_tr)
X_tr, X_te = scaler.transform(X_tr), scaler.transform(X_te)

train_dl = DataLoader(TensorDataset(*tensors(X_tr, y_tr)), batch_size=64, shuffle=True)
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optim = torch.optim.Adam(model.parameters(), lr=2e-3)
lossf = nn.CrossEntropyLoss()

for epoch in range(12):
    model.train()
    for xb, yb in train_dl:
        optim.zero_grad()
        lossf(model(xb), yb).backward()
        optim.step()

model.eval()
with torch.no_grad():
    pred = model(torch.from_numpy(X_te)).argmax(dim=1).numpy()
print("test F1 of the rare class: %.3f" % f1_score(y_te, pred))
