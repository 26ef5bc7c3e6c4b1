import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(10)
rng = np.random.default_rng(10)

n_users, n_items, rank = 80, 60, 3
P = rng.normal(0, 0.7, (n_users, rank))
Q = rng.normal(0, 0.7, (n_items, rank))
bu, bi = rng.normal(0, 0.3, n_users), rng.normal(0, 0.4, n_items)

# every (user, movie) pair at most once
pairs = rng.choice(n_users * n_items, size=3000, replace=False)
users, items = pairs // n_items, pairs % n_items
ratings = 3.4 + bu[users] + bi[items] + (P[users] * Q[items]).sum(1) + rng.normal(0, 0.3, len(pairs))
ratings = np.clip(ratings, 1, 5)

u = torch.from_numpy(users)
i = torch.from_numpy(items)
r = torch.from_numpy(ratings).float()
train_ds = TensorDataset(u[:2400], i[:2400], r[:2400])
test_ds = TensorDataset(u[2400:], i[2400:], r[2400:])


class MF(nn.Module):
    def __init__(self, n_users, n_items, k, mean):
        super().__init__()
        self.user = nn.Embedding(n_users, k)
        self.item = nn.Embedding(n_items, k)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        self.register_buffer("mean", mean)
        for emb in (self.user, self.item):
            nn.init.normal_(emb.weight, std=0.1)
        for emb in (self.user_bias, self.item_bias):
            nn.init.zeros_(emb.weight)

    def forward(self, u, i):
        dot = (self.user(u) * self.item(i)).sum(-1)
        return self.mean + dot + self.user_bias(u).squeeze(-1) + self.item_bias(i).squeeze(-1)


model = MF(n_users, n_items, 4, r[:2400].mean())
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)
mse = nn.MSELoss()

for epoch in range(1, 13):
    model.train()
    for ub, ib, rb in DataLoader(train_ds, batch_size=96, shuffle=True):
        optimizer.zero_grad()
        mse(model(ub, ib), rb).backward()
        optimizer.step()
    if epoch % 4 == 0:
        model.eval()
        with torch.no_grad():
            ut, it, rt = test_ds.tensors
            rmse = (model(ut, it).clamp(1, 5) - rt).pow(2).mean().sqrt().item()
            floor = (model.mean - rt).pow(2).mean().sqrt().item()
        print(f"epoch {epoch}: test RMSE {rmse:.3f} (global mean: {floor:.3f})")
