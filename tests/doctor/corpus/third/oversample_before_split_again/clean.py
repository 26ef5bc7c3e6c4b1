import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

SEED = 5


def fraud_table(n=1500):
    g = np.random.default_rng(SEED)
    amount = g.normal(size=(n, 12)).astype(np.float32)
    score = amount[:, 0] + 0.8 * amount[:, 1] * amount[:, 2] + g.normal(scale=0.8, size=n)
    return amount, (score > np.quantile(score, 0.93)).astype(np.int64)


def balance(X, y):
    rare = np.flatnonzero(y == 1)
    common = np.flatnonzero(y == 0)
    extra = resample(rare, replace=True, n_samples=len(common), random_state=SEED)
    keep = np.concatenate([common, extra])
    return X[keep], y[keep]


def prepare():
    X, y = fraud_table()
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.3, stratify=y, random_state=SEED)
    Xa, ya = balance(Xa, ya)
    return map(torch.from_numpy, (Xa, ya, Xb, yb))


def train(net, X, y, epochs=25, bs=128):
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    ce = nn.CrossEntropyLoss()
    for _ in range(epochs):
        p = torch.randperm(X.shape[0])
        for k in range(0, X.shape[0], bs):
            b = p[k:k + bs]
            opt.zero_grad()
            ce(net(X[b]), y[b]).backward()
            opt.step()


torch.manual_seed(SEED)
X_train, y_train, X_test, y_test = prepare()
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
train(net, X_train, y_train)
net.eval()
with torch.no_grad():
    guess = net(X_test).argmax(1)
print('balanced accuracy', round(balanced_accuracy_score(y_test.numpy(), guess.numpy()), 3))
