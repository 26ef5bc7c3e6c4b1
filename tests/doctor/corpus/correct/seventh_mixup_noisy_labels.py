"""Noisy labels: comparing plain training with mixup (soft-target cross-entropy)."""
import argparse
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

N_CLASSES = 10


def corrupt(labels, rate, rng):
    """Replace a share of the labels by another random class (training labels only)."""
    labels = labels.copy()
    chosen = rng.random(len(labels)) < rate
    labels[chosen] = (labels[chosen] + rng.integers(1, N_CLASSES, chosen.sum())) % N_CLASSES
    return labels


def mixup(x, y, alpha):
    lam = float(np.random.beta(alpha, alpha))
    perm = torch.randperm(len(x))
    onehot = F.one_hot(y, N_CLASSES).float()
    return lam * x + (1 - lam) * x[perm], lam * onehot + (1 - lam) * onehot[perm]


def soft_cross_entropy(logits, target):
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


def build():
    return nn.Sequential(
        nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, N_CLASSES)
    )


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    pred, true = [], []
    for x, y in loader:
        pred.append(model(x).argmax(1))
        true.append(y)
    return (torch.cat(pred) == torch.cat(true)).float().mean().item()


def run(name, loaders, alpha, args):
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-2)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    best_acc, best_state = -1.0, None
    for _ in range(args.epochs):
        model.train()
        for x, y in loaders["train"]:
            if alpha > 0:
                x, target = mixup(x, y, alpha)
                loss = soft_cross_entropy(model(x), target)
            else:
                loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        acc = accuracy(model, loaders["val"])
        if acc > best_acc:
            best_acc, best_state = acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    print(f"{name:6s} best val {best_acc:.3f}  test {accuracy(model, loaders['test']):.3f}")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=12)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--alpha", type=float, default=0.4)
    ap.add_argument("--noise", type=float, default=0.25)
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()

    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype(np.float32)
    X_dev, X_te, y_dev, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=args.seed)
    X_tr, X_va, y_tr, y_va = train_test_split(X_dev, y_dev, test_size=0.25, stratify=y_dev, random_state=args.seed)
    y_noisy = corrupt(y_tr, args.noise, np.random.default_rng(args.seed))
    print(f"{(y_noisy != y_tr).mean():.1%} of the training labels are wrong; val and test stay clean")

    loaders = {}
    for split, (a, b) in {"train": (X_tr, y_noisy), "val": (X_va, y_va), "test": (X_te, y_te)}.items():
        ds = TensorDataset(torch.from_numpy(a), torch.from_numpy(b).long())
        loaders[split] = DataLoader(ds, batch_size=64, shuffle=(split == "train"))

    run("plain", loaders, 0.0, args)
    run("mixup", loaders, args.alpha, args)


if __name__ == "__main__":
    main()
