"""Gait study: every patient walked several times, the diagnosis belongs to the patient."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def load_recordings(n_patients, per_patient, n_features, rng):
    diagnosis = rng.integers(0, 2, n_patients)
    manner = rng.normal(0.0, 1.0, (n_patients, n_features))
    effect = np.zeros(n_features)
    effect[:4] = 0.8
    pid = np.repeat(np.arange(n_patients), per_patient)
    x = manner[pid] + diagnosis[pid, None] * effect
    x = x + rng.normal(0.0, 0.3, x.shape)
    return pid, x.astype(np.float32), diagnosis[pid].astype(np.int64)


def split(pid, test_share, rng):
    order = rng.permutation(len(pid))
    n_test = int(len(pid) * test_share)
    return order[n_test:], order[:n_test]


def standardise(train, *others):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return [(a - mean) / std for a in (train, *others)]


def build_model(n_features, width, p):
    return nn.Sequential(
        nn.Linear(n_features, width),
        nn.ReLU(),
        nn.Dropout(p),
        nn.Linear(width, 2),
    )


def train(model, loader, epochs, lr):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-2)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for xb, yb in loader:
            optimizer.zero_grad()
            criterion(model(xb), yb).backward()
            optimizer.step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(dim=1) == y).float().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--patients", type=int, default=90)
    ap.add_argument("--per-patient", type=int, default=12)
    ap.add_argument("--features", type=int, default=24)
    ap.add_argument("--epochs", type=int, default=15)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--seed", type=int, default=11)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    pid, x, y = load_recordings(args.patients, args.per_patient, args.features, rng)
    tr, te = split(pid, 0.25, rng)
    x_train, x_test = (torch.from_numpy(a) for a in standardise(x[tr], x[te]))
    y_train, y_test = torch.from_numpy(y[tr]), torch.from_numpy(y[te])

    model = build_model(args.features, 64, 0.2)
    loader = DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True)
    train(model, loader, args.epochs, args.lr)
    print(f"train {accuracy(model, x_train, y_train):.3f}")
    print(f"test  {accuracy(model, x_test, y_test):.3f}")


if __name__ == "__main__":
    main()
