import io

import numpy as np
import torch
import torch.nn as nn


def fake_csv(rows=900):
    rng = np.random.default_rng(17)
    months = rng.integers(1, 60, rows)
    bill = rng.normal(60, 20, rows)
    calls = rng.poisson(2, rows)
    age = rng.integers(18, 80, rows)
    odds = -0.06 * months + 0.03 * (bill - 60) + 0.7 * calls - 0.2
    churned = rng.random(rows) < 1 / (1 + np.exp(-odds))
    table = np.column_stack([np.arange(rows), months, bill, churned, calls, age])
    f = io.StringIO()
    np.savetxt(f, table, delimiter=",", header="id,months,bill,churned,calls,age", comments="", fmt="%.3f")
    f.seek(0)
    return f


# In[1]: read
table = np.genfromtxt(fake_csv(), delimiter=",", names=True, dtype=np.float32)
inputs = [c for c in table.dtype.names if c != "id"]
X = torch.tensor(np.stack([table[c] for c in inputs], axis=1))
y = torch.tensor(table["churned"])

# In[2]: split and standardise
torch.manual_seed(17)
perm = torch.randperm(len(y))
tr, te = perm[:700], perm[700:]
mean, std = X[tr].mean(0), X[tr].std(0)
X = (X - mean) / std

# In[3]: logistic regression with one hidden layer
net = nn.Sequential(nn.Linear(X.shape[1], 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-4)
bce = nn.BCEWithLogitsLoss()
for epoch in range(20):
    net.train()
    for idx in tr[torch.randperm(len(tr))].split(50):
        opt.zero_grad()
        bce(net(X[idx])[:, 0], y[idx]).backward()
        opt.step()

# In[4]: evaluate
net.eval()
with torch.no_grad():
    guess = net(X[te])[:, 0] > 0
print("test accuracy", (guess == (y[te] > 0.5)).float().mean().item())
