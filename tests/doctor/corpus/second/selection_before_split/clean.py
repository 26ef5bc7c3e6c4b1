import numpy as np
import torch
import torch.nn as nn
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold

# Gene expression study: few patients, many probes
rng = np.random.default_rng(1)
N, D, KEEP = 80, 3000, 20
X = rng.normal(size=(N, D))
y = rng.permutation(np.repeat([0, 1], N // 2))
X[:, :2] += 0.5 * y[:, None]


def select(X_fit, y_fit):
    return SelectKBest(f_classif, k=KEEP).fit(X_fit, y_fit)


def train_net(X_tr, y_tr):
    net = nn.Sequential(nn.Linear(KEEP, 8), nn.Tanh(), nn.Linear(8, 2))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-3)
    xt, yt = torch.tensor(X_tr).float(), torch.tensor(y_tr)
    for _ in range(100):
        opt.zero_grad()
        nn.functional.cross_entropy(net(xt), yt).backward()
        opt.step()
    return net.eval()


def cross_validate(X, y, folds=5):
    scores = []
    for tr, te in StratifiedKFold(folds, shuffle=True, random_state=0).split(X, y):
        sel = select(X[tr], y[tr])
        net = train_net(sel.transform(X[tr]), y[tr])
        with torch.no_grad():
            pred = net(torch.tensor(sel.transform(X[te])).float()).argmax(1).numpy()
        scores.append(accuracy_score(y[te], pred))
    return np.array(scores)


torch.manual_seed(1)
s = cross_validate(X, y)
print("cross-validated accuracy %.3f +- %.3f" % (s.mean(), s.std()))
