import numpy as np
import torch
import torch.nn as nn


def kfold(n, k, seed):
    idx = np.random.RandomState(seed).permutation(n)
    folds = np.array_split(idx, k)
    for i in range(k):
        train = np.concatenate([folds[j] for j in range(k) if j != i])
        yield train, folds[i]


def build_model():
    return nn.Sequential(
        nn.Linear(30, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )


def train_fold(model, optimizer, x, y, epochs=40, batch=25):
    loss_fn = nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss = loss_fn(model(x[idx]).squeeze(1), y[idx])
            loss.backward()
            optimizer.step()


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        return ((model(x).squeeze(1) > 0).float() == y).float().mean().item()


torch.manual_seed(12)
g = torch.Generator().manual_seed(12)
X = torch.randn(300, 30, generator=g)
Y = (X[:, 0] + X[:, 1] - X[:, 2] + 1.2 * torch.randn(300, generator=g) > 0).float()

scores = []
for fold, (train_idx, val_idx) in enumerate(kfold(len(X), k=5, seed=0), start=1):
    model = build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    train_idx, val_idx = torch.from_numpy(train_idx), torch.from_numpy(val_idx)
    train_fold(model, optimizer, X[train_idx], Y[train_idx])
    acc = evaluate(model, X[val_idx], Y[val_idx])
    scores.append(acc)
    print(f"Fold {fold}: accuracy {acc:.3f}")

print(f"CV accuracy: {np.mean(scores):.3f} +/- {np.std(scores):.3f}")
