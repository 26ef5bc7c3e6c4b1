import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def sample_ratings(n_users, n_items, n):
    """Star ratings in steps of a tenth (averaged over several visits), 0.5 to 5."""
    u_vec, i_vec = np.random.randn(n_users, 3), np.random.randn(n_items, 3)
    users, items = np.random.randint(0, n_users, n), np.random.randint(0, n_items, n)
    stars = 2.75 + 0.8 * (u_vec[users] * i_vec[items]).sum(1) + 0.2 * np.random.randn(n)
    return users, items, np.clip(np.round(stars, 1), 0.5, 5.0)


class RatingDataset(Dataset):
    def __init__(self, users, items, stars):
        self.users = torch.tensor(users, dtype=torch.long)
        self.items = torch.tensor(items, dtype=torch.long)
        self.stars = torch.tensor(stars, dtype=torch.long)

    def __len__(self):
        return len(self.stars)

    def __getitem__(self, i):
        return self.users[i], self.items[i], self.stars[i]


class MF(nn.Module):
    def __init__(self, n_users, n_items, k=8):
        super().__init__()
        self.user = nn.Embedding(n_users, k)
        self.item = nn.Embedding(n_items, k)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        self.mean = nn.Parameter(torch.tensor(2.75))
        for emb in (self.user, self.item, self.user_bias, self.item_bias):
            nn.init.normal_(emb.weight, std=0.1)

    def forward(self, u, i):
        dot = (self.user(u) * self.item(i)).sum(-1)
        return self.mean + dot + self.user_bias(u).squeeze(-1) + self.item_bias(i).squeeze(-1)


seed_everything(99)
users, items, stars = sample_ratings(60, 40, 2000)
cut = 1700
train_loader = DataLoader(RatingDataset(users[:cut], items[:cut], stars[:cut]), batch_size=100, shuffle=True)
model = MF(60, 40)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)
criterion = nn.MSELoss()

for epoch in range(12):
    model.train()
    for u, i, r in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(u, i), r.float())
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    pred = model(torch.from_numpy(users[cut:]).long(), torch.from_numpy(items[cut:]).long()).numpy()
print("test RMSE %.3f, mean error %+.3f" % (np.sqrt(((pred - stars[cut:]) ** 2).mean()), (pred - stars[cut:]).mean()))
