import csv, io
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

FIELDS = ['tenure', 'calls', 'bill', 'complaints', 'roaming', 'left']


def write_csv(n, seed):
    r = np.random.default_rng(seed)
    out = io.StringIO()
    w = csv.DictWriter(out, FIELDS)
    w.writeheader()
    for _ in range(n):
        row = dict(tenure=r.integers(1, 72), calls=r.poisson(30), bill=round(r.gamma(4, 9), 2),
                   complaints=r.poisson(0.7), roaming=r.integers(0, 2))
        z = 0.9 * row['complaints'] - 0.04 * row['tenure'] + 0.02 * row['bill'] + r.logistic(scale=0.6) - 0.2
        row['left'] = int(z > 0)
        w.writerow(row)
    out.seek(0)
    return out


def read_table(handle):
    rows = list(csv.reader(handle))
    header, body = rows[0], np.array(rows[1:], dtype=np.float32)
    return header, body


def split_xy(header, body, target):
    t = header.index(target)
    keep = [i for i, name in enumerate(header) if i != t]
    return body[:, keep], body[:, t]


header, table = read_table(write_csv(1200, seed=0))
X, y = split_xy(header, table, target='left')
cut = 900
mu, sd = X[:cut].mean(0), X[:cut].std(0)
X = (X - mu) / sd
train = TensorDataset(torch.from_numpy(X[:cut]), torch.from_numpy(y[:cut]))
test = TensorDataset(torch.from_numpy(X[cut:]), torch.from_numpy(y[cut:]))

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(X.shape[1], 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(10):
    model.train()
    for xb, yb in DataLoader(train, batch_size=60, shuffle=True):
        optimizer.zero_grad()
        bce(model(xb)[:, 0], yb).backward()
        optimizer.step()

model.eval()
xt, yt = test.tensors
with torch.no_grad():
    acc = ((model(xt)[:, 0] > 0).float() == yt).float().mean()
print('test accuracy %.3f' % acc)
