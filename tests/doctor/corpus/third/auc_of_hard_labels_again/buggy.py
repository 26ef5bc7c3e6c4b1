import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold


def build(n_in):
    return nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))


def fit_fold(X, y, epochs=15):
    net = build(X.shape[1])
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    bce = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(50):
            opt.zero_grad()
            bce(net(X[rows]), y[rows]).backward()
            opt.step()
    return net.eval()


@torch.no_grad()
def evaluate(net, X, y):
    prob = torch.sigmoid(net(X)).numpy()
    pred = (prob >= 0.5).astype(int)
    truth = y.numpy().astype(int)
    return accuracy_score(truth, pred), roc_auc_score(truth, pred)


torch.manual_seed(2)
X, y = make_classification(600, 15, n_informative=6, weights=[0.8], class_sep=0.8, random_state=2)
rows = []
for train, test in StratifiedKFold(4, shuffle=True, random_state=0).split(X, y):
    m, s = X[train].mean(0), X[train].std(0)
    Z = torch.tensor((X - m) / s, dtype=torch.float32)
    t = torch.tensor(y, dtype=torch.float32)
    net = fit_fold(Z[train], t[train])
    rows.append(evaluate(net, Z[test], t[test]))
acc, auc = np.mean(rows, axis=0)
print(f'accuracy {acc:.3f}  AUC {auc:.3f}')
