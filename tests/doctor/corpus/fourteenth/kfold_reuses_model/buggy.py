import argparse

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--folds", type=int, default=5)
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("--lr", type=float, default=5e-3)
args = parser.parse_args()


def build():
    return nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 2))


def train(net, opt, x, y):
    loss_fn = nn.CrossEntropyLoss()
    net.train()
    for _ in range(args.epochs):
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            loss_fn(net(x[idx]), y[idx]).backward()
            opt.step()


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(123)
np.random.seed(123)
X = torch.randn(300, 16)
Y = ((X[:, 0] - X[:, 1] + 1.5 * torch.randn(300)) > 0).long()
folds = np.array_split(np.random.permutation(300), args.folds)

oof = []
net = build()
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
for k, val_idx in enumerate(folds):
    tr_idx = np.concatenate([f for j, f in enumerate(folds) if j != k])
    train(net, opt, X[tr_idx], Y[tr_idx])
    acc = accuracy(net, X[val_idx], Y[val_idx])
    print(f"fold {k}: {acc:.4f}")
    oof.append(acc)
print(f"CV: {np.mean(oof):.4f} +- {np.std(oof):.4f}")
