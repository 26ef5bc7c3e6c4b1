import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(3)
COLUMNS = ["age", "income", "distance", "score"]
LOC = np.array([40.0, 30000.0, 5.0, 0.0])
SCALE = np.array([12.0, 9000.0, 2.0, 1.0])


def table(n):
    z = rng.normal(size=(n, 4))
    y = (z[:, 0] - z[:, 1] + 0.8 * z[:, 2] + 0.5 * z[:, 3] + 0.4 * rng.normal(size=n) > 0).astype(np.int64)
    return dict(zip(COLUMNS, (LOC + SCALE * z).T)), y


def fit_transforms(cols):
    fns = {}
    for name in COLUMNS:
        m, s = cols[name].mean(), cols[name].std()
        fns[name] = lambda v, m=m, s=s: (v - m) / s
    return fns


def encode(cols, fns):
    return torch.tensor(np.stack([fns[c](cols[c]) for c in COLUMNS], axis=1), dtype=torch.float32)


train_cols, y_train = table(800)
test_cols, y_test = table(300)
fns = fit_transforms(train_cols)
X, Xt = encode(train_cols, fns), encode(test_cols, fns)
y, yt = torch.from_numpy(y_train), torch.from_numpy(y_test)

torch.manual_seed(3)
clf = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
opt = torch.optim.Adam(clf.parameters(), lr=5e-3)
for epoch in range(20):
    for b in torch.randperm(len(X)).split(40):
        loss = nn.functional.cross_entropy(clf(X[b]), y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    print("test accuracy %.3f" % (clf(Xt).argmax(1) == yt).float().mean())
