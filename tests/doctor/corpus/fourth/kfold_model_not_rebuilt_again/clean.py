import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

K = 5
EPOCHS = 8
torch.manual_seed(21)

features, target = load_breast_cancer(return_X_y=True)
# 标签噪声，使任务更难
rng = np.random.default_rng(21)
flip = rng.random(len(target)) < 0.12
target = np.where(flip, 1 - target, target)


def tensors(x, y):
    return torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y, dtype=torch.float32).unsqueeze(1)


def new_model():
    return nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))


def fit(model, optimizer, loader):
    criterion = nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(EPOCHS):
        for xb, yb in loader:
            optimizer.zero_grad()
            criterion(model(xb), yb).backward()
            optimizer.step()


def score(model, x, y):
    model.eval()
    with torch.no_grad():
        return ((model(x) > 0).float() == y).float().mean().item()


# 每一折：单独标准化，单独训练
results = []
folds = StratifiedKFold(n_splits=K, shuffle=True, random_state=0)
for fold, (tr, va) in enumerate(folds.split(features, target)):
    model = new_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    scaler = StandardScaler().fit(features[tr])
    x_tr, y_tr = tensors(scaler.transform(features[tr]), target[tr])
    x_va, y_va = tensors(scaler.transform(features[va]), target[va])
    fit(model, optimizer, DataLoader(TensorDataset(x_tr, y_tr), batch_size=32, shuffle=True))
    results.append(score(model, x_va, y_va))
    print(f"fold {fold}: {results[-1]:.4f}")
print(f"mean {np.mean(results):.4f} +- {np.std(results, ddof=1):.4f}")
