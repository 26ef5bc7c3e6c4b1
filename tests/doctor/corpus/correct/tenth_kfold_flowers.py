"""5-fold cross-validation of a small MLP on an iris-like table."""
import numpy as np
import torch
from torch import nn

SEED = 11
K = 5
EPOCHS = 40


def make_flowers(rng, per_class=50):
    centres = np.array([[5.0, 3.4, 1.5, 0.3], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])
    X = np.concatenate([rng.normal(c, [0.4, 0.3, 0.4, 0.25], (per_class, 4)) for c in centres])
    y = np.repeat(np.arange(3), per_class)
    return X.astype(np.float32), y


def stratified_folds(y, k, rng):
    """Index arrays of k folds with equal class shares."""
    folds = [[] for _ in range(k)]
    for c in np.unique(y):
        idx = rng.permutation(np.where(y == c)[0])
        for f, part in enumerate(np.array_split(idx, k)):
            folds[f].extend(part.tolist())
    return [np.array(f) for f in folds]


def build_model():
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3))


def fit_and_score(X_tr, y_tr, X_va, y_va):
    mean, std = X_tr.mean(axis=0), X_tr.std(axis=0)
    X_tr = torch.from_numpy((X_tr - mean) / std)
    X_va = torch.from_numpy((X_va - mean) / std)
    y_tr, y_va = torch.from_numpy(y_tr), torch.from_numpy(y_va)

    model = build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(EPOCHS):
        order = torch.randperm(len(X_tr))
        for batch in order.split(30):
            optimizer.zero_grad()
            criterion(model(X_tr[batch]), y_tr[batch]).backward()
            optimizer.step()

    model.eval()
    with torch.no_grad():
        return (model(X_va).argmax(dim=1) == y_va).float().mean().item()


def main():
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    X, y = make_flowers(rng)
    folds = stratified_folds(y, K, rng)

    scores = []
    for k, valid_idx in enumerate(folds):
        train_idx = np.concatenate([f for j, f in enumerate(folds) if j != k])
        acc = fit_and_score(X[train_idx], y[train_idx], X[valid_idx], y[valid_idx])
        scores.append(acc)
        print(f"fold {k + 1}: {acc:.3f}")
    print(f"mean {np.mean(scores):.3f} +/- {np.std(scores, ddof=1):.3f}")


if __name__ == "__main__":
    main()
