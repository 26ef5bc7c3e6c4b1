import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold

SEED = 0
EPOCHS = 12
LR = 0.01

np.random.seed(SEED)
torch.manual_seed(SEED)

data = load_breast_cancer()
X = data.data.astype(np.float32)
y = data.target.astype(np.int64)
flip = np.random.rand(len(y)) < 0.15          # annotator noise
y = np.where(flip, 1 - y, y)


class Net(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.fc1 = nn.Linear(d, 128)
        self.fc2 = nn.Linear(128, 128)
        self.out = nn.Linear(128, 2)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.out(x)


def standardize(train, other):
    mean, std = train.mean(0), train.std(0) + 1e-7
    return (train - mean) / std, (other - mean) / std


def train_one_epoch(net, opt, xs, ys, bs=32):
    net.train()
    for idx in torch.randperm(len(xs)).split(bs):
        opt.zero_grad()
        loss = F.cross_entropy(net(xs[idx]), ys[idx])
        loss.backward()
        opt.step()


@torch.no_grad()
def accuracy(net, xs, ys):
    net.eval()
    return (net(xs).argmax(1) == ys).float().mean().item()


kfold = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
fold_scores = []
for fold, (train_idx, val_idx) in enumerate(kfold.split(X, y)):
    net = Net(X.shape[1])
    opt = torch.optim.Adam(net.parameters(), lr=LR)
    x_tr, x_va = standardize(X[train_idx], X[val_idx])
    x_tr, x_va = torch.from_numpy(x_tr), torch.from_numpy(x_va)
    y_tr, y_va = torch.from_numpy(y[train_idx]), torch.from_numpy(y[val_idx])
    for epoch in range(EPOCHS):
        train_one_epoch(net, opt, x_tr, y_tr)
    score = accuracy(net, x_va, y_va)
    fold_scores.append(score)
    print(f"fold {fold}: {score:.4f}")
print(f"mean {np.mean(fold_scores):.4f} +- {np.std(fold_scores):.4f}")
