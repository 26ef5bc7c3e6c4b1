import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from torch import nn

torch.manual_seed(7)
data = load_breast_cancer()
X, Y = data.data.astype(np.float32), data.target


def build(n_in):
    return nn.Sequential(nn.Linear(n_in, 24), nn.ReLU(), nn.Dropout(0.2), nn.Linear(24, 2))


def train_fold(net, opt, x, y, epochs=6, bs=32):
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(bs):
            opt.zero_grad(set_to_none=True)
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()


@torch.no_grad()
def score(net, x, y):
    net.eval()
    return (net(x).argmax(-1) == y).double().mean().item()


kf = StratifiedKFold(n_splits=5, shuffle=True, random_state=7)
accs = []
for fold, (tr, va) in enumerate(kf.split(X, Y)):
    net = build(X.shape[1])
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    mu, sd = X[tr].mean(0), X[tr].std(0)
    x_tr, x_va = (torch.from_numpy((X[i] - mu) / sd) for i in (tr, va))
    y_tr, y_va = (torch.from_numpy(Y[i]).long() for i in (tr, va))
    train_fold(net, opt, x_tr, y_tr)
    accs.append(score(net, x_va, y_va))
    print(f"fold {fold}: {accs[-1]:.4f}")
print(f"cv accuracy {np.mean(accs):.4f} +- {np.std(accs, ddof=1):.4f}")
