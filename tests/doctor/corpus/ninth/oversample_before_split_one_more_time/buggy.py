import argparse

import numpy as np
import torch
from torch import nn


def load_transactions(n, rng):
    X = rng.normal(size=(n, 24)).astype(np.float32)
    risk = X[:, 0] + X[:, 1] * X[:, 2] + 0.8 * rng.normal(size=n)
    y = (risk > np.quantile(risk, 0.95)).astype(np.int64)
    return X, y


def oversample(X, y, rng):
    """Repeat rows of the rare class until both classes have the same size."""
    rare, common = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    extra = rng.choice(rare, size=len(common) - len(rare), replace=True)
    keep = rng.permutation(np.concatenate([common, rare, extra]))
    return X[keep], y[keep]


def split(X, y, rng, val_fraction=0.25):
    order = rng.permutation(len(y))
    cut = int(len(y) * (1 - val_fraction))
    return X[order[:cut]], y[order[:cut]], X[order[cut:]], y[order[cut:]]


def recall_and_specificity(model, X, y):
    model.eval()
    with torch.no_grad():
        pred = model(torch.from_numpy(X)).argmax(1).numpy()
    return (pred[y == 1] == 1).mean(), (pred[y == 0] == 0).mean()


def fit(model, X, y, epochs, lr, batch_size=100):
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss_fn(model(X[idx]), y[idx]).backward()
            optimizer.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    torch.manual_seed(args.seed)

    X, y = load_transactions(2400, rng)
    X, y = oversample(X, y, rng)
    X_train, y_train, X_val, y_val = split(X, y, rng)
    print("training rows", len(y_train), "validation rows", len(y_val))
    model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 2))
    fit(model, X_train, y_train, args.epochs, args.lr)
    recall, specificity = recall_and_specificity(model, X_val, y_val)
    print(f"validation recall {recall:.3f}  specificity {specificity:.3f}  balanced accuracy {(recall + specificity) / 2:.3f}")


if __name__ == "__main__":
    main()
