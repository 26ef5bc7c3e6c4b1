# Movie ratings: biased matrix factorisation, user-wise last-interactions split, RMSE
import copy

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(3)
torch.manual_seed(3)

N_USERS, N_ITEMS, RANK = 200, 120, 3
U, V = rng.normal(0, 0.6, (N_USERS, RANK)), rng.normal(0, 0.6, (N_ITEMS, RANK))
bu, bi = rng.normal(0, 0.3, N_USERS), rng.normal(0, 0.5, N_ITEMS)

rows = []
for u in range(N_USERS):
    for t, i in enumerate(rng.choice(N_ITEMS, 40, replace=False)):
        r = np.clip(3.4 + bu[u] + bi[i] + U[u] @ V[i] + rng.normal(0, 0.3), 0.5, 5.0)
        rows.append((u, i, r, t))
rows = np.array(rows)
when = rows[:, 3]
train_rows, val_rows, test_rows = rows[when < 30], rows[(when >= 30) & (when < 35)], rows[when >= 35]


def dataset(r):
    return TensorDataset(torch.tensor(r[:, 0], dtype=torch.long), torch.tensor(r[:, 1], dtype=torch.long),
                         torch.tensor(r[:, 2], dtype=torch.float32))


class MF(nn.Module):
    def __init__(self, users, items, k, mean):
        super().__init__()
        self.P, self.Q = nn.Embedding(users, k), nn.Embedding(items, k)
        self.bu, self.bi = nn.Embedding(users, 1), nn.Embedding(items, 1)
        self.register_buffer("mean", torch.tensor(float(mean)))
        nn.init.normal_(self.P.weight, std=0.1)
        nn.init.normal_(self.Q.weight, std=0.1)
        nn.init.zeros_(self.bu.weight)
        nn.init.zeros_(self.bi.weight)

    def forward(self, u, i):
        return self.mean + (self.bu(u) + self.bi(i)).squeeze(-1) + (self.P(u) * self.Q(i)).sum(-1)


def rmse(model, dl):
    model.eval()
    se, n = 0.0, 0
    with torch.no_grad():
        for u, i, r in dl:
            p = model(u, i).clamp(0.5, 5.0)          # the scale is known; only for scoring
            se += (p - r).pow(2).sum().item()
            n += r.numel()
    return (se / n) ** 0.5


train_dl = DataLoader(dataset(train_rows), batch_size=256, shuffle=True)
val_dl, test_dl = (DataLoader(dataset(r), batch_size=1024) for r in (val_rows, test_rows))

results = {}
for wd in (1e-4, 1e-3):
    torch.manual_seed(3)
    model = MF(N_USERS, N_ITEMS, 8, train_rows[:, 2].mean())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=wd)
    best, weights = float("inf"), None
    for epoch in range(7):
        model.train()
        for u, i, r in train_dl:
            loss = nn.functional.mse_loss(model(u, i), r)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        v = rmse(model, val_dl)
        if v < best:
            best, weights = v, copy.deepcopy(model.state_dict())
    results[wd] = (best, weights)
    print(f"weight decay {wd:g}: best validation RMSE {best:.4f}")

wd, (best, weights) = min(results.items(), key=lambda kv: kv[1][0])
model.load_state_dict(weights)
baseline = np.sqrt(np.mean((test_rows[:, 2] - train_rows[:, 2].mean()) ** 2))
print(f"chosen weight decay {wd:g}: test RMSE {rmse(model, test_dl):.4f}  (global mean {baseline:.4f})")
