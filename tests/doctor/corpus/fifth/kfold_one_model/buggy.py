# 5-fold cross-validation of a small classifier on the breast cancer data
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

SEED = 13
torch.manual_seed(SEED)
data = load_breast_cancer()
X, y = data.data.astype(np.float32), data.target.astype(np.float32)
noise = np.random.RandomState(SEED)
y = np.where(noise.rand(len(y)) < 0.15, 1 - y, y).astype(np.float32)  # 15 % label noise, as in the paper


def make_model():
    return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 1))


def train(model, optimizer, X, y, epochs=15, bs=32):
    loss_fn = nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(X)).split(bs):
            optimizer.zero_grad()
            loss_fn(model(X[idx]).squeeze(1), y[idx]).backward()
            optimizer.step()


scores = []
model = make_model()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
for fold, (tr, va) in enumerate(folds.split(X, y)):
    scaler = StandardScaler().fit(X[tr])
    Xtr, Xva = (torch.from_numpy(scaler.transform(X[i])) for i in (tr, va))
    ytr, yva = torch.from_numpy(y[tr]), torch.from_numpy(y[va])
    train(model, optimizer, Xtr, ytr)
    model.eval()
    with torch.no_grad():
        acc = ((model(Xva).squeeze(1) > 0).float() == yva).float().mean().item()
    scores.append(acc)
    print(f"fold {fold}: {acc:.3f}")
print(f"mean {np.mean(scores):.3f} +- {np.std(scores):.3f}")
