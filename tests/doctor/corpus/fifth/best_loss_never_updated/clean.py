import os
import tempfile

import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(5)
torch.manual_seed(5)

# ratings of 60 users for 50 items from a rank-3 model
U, V = rng.normal(size=(60, 3)), rng.normal(size=(50, 3))
cells = rng.choice(60 * 50, 2400, replace=False)
users, items = cells // 50, cells % 50
ratings = (U[users] * V[items]).sum(1) + rng.normal(scale=0.5, size=2400)
users, items = torch.as_tensor(users), torch.as_tensor(items)
ratings = torch.as_tensor(ratings, dtype=torch.float32)
train, val, test = torch.randperm(2400).split([1600, 400, 400])


class Factorization(nn.Module):
    def __init__(self, n_users, n_items, rank=16):
        super().__init__()
        self.u = nn.Embedding(n_users, rank)
        self.v = nn.Embedding(n_items, rank)
        nn.init.normal_(self.u.weight, std=0.1)
        nn.init.normal_(self.v.weight, std=0.1)

    def forward(self, u, v):
        return (self.u(u) * self.v(v)).sum(-1)


model = Factorization(60, 50)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
best_path = os.path.join(tempfile.mkdtemp(), "best.pt")
best_loss = float("inf")

for epoch in range(40):
    model.train()
    for b in train[torch.randperm(len(train))].split(64):
        optimizer.zero_grad()
        loss = criterion(model(users[b], items[b]), ratings[b])
        loss.backward()
        optimizer.step()

    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(users[val], items[val]), ratings[val]).item()
    if val_loss < best_loss:
        best_loss = val_loss
        torch.save(model.state_dict(), best_path)

model.load_state_dict(torch.load(best_path))
model.eval()
with torch.no_grad():
    test_loss = criterion(model(users[test], items[test]), ratings[test]).item()
print(f"test MSE of the best model: {test_loss:.3f}")
