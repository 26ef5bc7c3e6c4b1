import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

torch.manual_seed(42)
X, y = make_classification(n_samples=200, n_features=13, n_informative=6, n_redundant=2,
                           n_classes=3, flip_y=0.08, random_state=42)


def new_net():
    return nn.Sequential(nn.Linear(13, 64), nn.ELU(), nn.Linear(64, 3))


def new_opt(net):
    return torch.optim.Adam(net.parameters(), lr=1e-2)


def to_t(a, dtype):
    return torch.as_tensor(a, dtype=dtype)


def train(net, opt, xb, yb, epochs=25):
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(xb)).split(16):
            loss = F.cross_entropy(net(xb[idx]), yb[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()


def accuracy(net, xb, yb):
    net.eval()
    with torch.no_grad():
        return (net(xb).argmax(1) == yb).float().mean().item()


# %% 5-fold cross validation
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
scores = []
net = new_net()
opt = new_opt(net)
for fold, (tr, te) in enumerate(folds.split(X, y)):
    prep = StandardScaler().fit(X[tr])
    x_tr, x_te = to_t(prep.transform(X[tr]), torch.float32), to_t(prep.transform(X[te]), torch.float32)
    y_tr, y_te = to_t(y[tr], torch.long), to_t(y[te], torch.long)
    train(net, opt, x_tr, y_tr)
    scores.append(accuracy(net, x_te, y_te))
    print("fold", fold, "acc %.3f" % scores[-1])
print("cv accuracy %.3f +/- %.3f" % (np.mean(scores), np.std(scores)))
