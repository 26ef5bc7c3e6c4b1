import argparse
import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--hidden", type=int, default=32)
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--seed", type=int, default=3)
    return p.parse_args()


def load(seed):
    X, y = make_classification(2000, 12, n_informative=5, weights=[0.93], class_sep=0.7, random_state=seed)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    sc = StandardScaler().fit(X_tr)
    to = lambda a: torch.as_tensor(a, dtype=torch.float32)
    return to(sc.transform(X_tr)), to(sc.transform(X_te)), to(y_tr), to(y_te)


def balance(y):
    n_pos = y.sum()
    n_neg = len(y) - n_pos
    return n_neg / n_pos


def build(d, hidden):
    return nn.Sequential(nn.Linear(d, hidden), nn.GELU(), nn.Linear(hidden, 1), nn.Flatten(0))


def fit(model, X, y, args):
    crit = nn.BCEWithLogitsLoss(pos_weight=balance(y))
    opt = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-4)
    for _ in range(args.epochs):
        for idx in torch.randperm(len(X)).split(256):
            opt.zero_grad()
            crit(model(X[idx]), y[idx]).backward()
            opt.step()


if __name__ == "__main__":
    args = get_args()
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    X_tr, X_te, y_tr, y_te = load(args.seed)
    model = build(X_tr.shape[1], args.hidden)
    fit(model, X_tr, y_tr, args)
    model.eval()
    with torch.no_grad():
        s = torch.sigmoid(model(X_te))
    print("recall", recall_score(y_te, s > 0.5), "AP", average_precision_score(y_te, s))
