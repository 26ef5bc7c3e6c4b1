import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(12)
torch.manual_seed(12)
N = 400
X = rng.standard_normal((N, 20)).astype("float32")
Y = (X[:, 0] + rng.standard_normal(N) > 0).astype("int64")
order = rng.permutation(N)
n_val = 100
train_idx, val_idx = order[: N - n_val], order[n_val : 2 * n_val]

xtr, ytr = torch.tensor(X[train_idx]), torch.tensor(Y[train_idx])
xva, yva = torch.tensor(X[val_idx]), torch.tensor(Y[val_idx])

clf = nn.Sequential(nn.Linear(20, 100), nn.ReLU(), nn.Linear(100, 2))
opt = torch.optim.AdamW(clf.parameters(), lr=3e-3)
for ep in range(10):
    clf.train()
    for b in torch.randperm(len(xtr)).split(30):
        opt.zero_grad()
        nn.functional.cross_entropy(clf(xtr[b]), ytr[b]).backward()
        opt.step()
    clf.eval()
    with torch.no_grad():
        print(ep, (clf(xva).argmax(1) == yva).float().mean().item())
