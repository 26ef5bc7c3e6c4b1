# 영화 평점 예측: 편향을 포함한 행렬 분해 (SGD/Adam)
import copy
import math

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

N_USERS, N_ITEMS, RANK = 200, 120, 4
SEED = 8


def simulate_ratings(density=0.3):
    rng = np.random.default_rng(SEED)
    u = rng.normal(0, 0.6, (N_USERS, RANK))
    v = rng.normal(0, 0.6, (N_ITEMS, RANK))
    score = 3.4 + rng.normal(0, 0.4, (N_USERS, 1)) + rng.normal(0, 0.5, (1, N_ITEMS)) + u @ v.T
    score += rng.normal(0, 0.3, score.shape)
    ratings = np.clip(np.round(score * 2) / 2, 0.5, 5.0)     # 0.5점 단위
    users, items = np.nonzero(rng.random(score.shape) < density)
    return users, items, ratings[users, items].astype(np.float32)


class RatingDataset(Dataset):
    def __init__(self, users, items, ratings):
        self.users = torch.as_tensor(users, dtype=torch.long)
        self.items = torch.as_tensor(items, dtype=torch.long)
        self.ratings = torch.as_tensor(ratings)

    def __len__(self):
        return len(self.ratings)

    def __getitem__(self, i):
        return self.users[i], self.items[i], self.ratings[i]


class BiasedMF(nn.Module):
    def __init__(self, global_mean, dim=8):
        super().__init__()
        self.user_vec = nn.Embedding(N_USERS, dim)
        self.item_vec = nn.Embedding(N_ITEMS, dim)
        self.user_bias = nn.Embedding(N_USERS, 1)
        self.item_bias = nn.Embedding(N_ITEMS, 1)
        nn.init.normal_(self.user_vec.weight, std=0.1)
        nn.init.normal_(self.item_vec.weight, std=0.1)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)
        self.register_buffer("global_mean", torch.tensor(global_mean))

    def forward(self, u, i):
        dot = (self.user_vec(u) * self.item_vec(i)).sum(dim=1)
        return self.global_mean + self.user_bias(u).squeeze(1) + self.item_bias(i).squeeze(1) + dot

    def l2(self, u, i):
        """배치에 나온 사용자·영화 벡터의 평균 제곱 노름."""
        return (self.user_vec(u).pow(2).sum(1) + self.item_vec(i).pow(2).sum(1)).mean()


@torch.no_grad()
def rmse(model, loader):
    model.eval()
    se, n = 0.0, 0
    for u, i, r in loader:
        pred = model(u, i).clamp(0.5, 5.0)      # 가능한 평점 범위로 제한
        se += (pred - r).pow(2).sum().item()
        n += r.numel()
    return math.sqrt(se / n)


torch.manual_seed(SEED)
users, items, ratings = simulate_ratings()
perm = np.random.default_rng(SEED + 1).permutation(len(ratings))
n_train, n_val = int(0.8 * len(perm)), int(0.1 * len(perm))
parts = np.split(perm, [n_train, n_train + n_val])
train_ds, val_ds, test_ds = (RatingDataset(users[p], items[p], ratings[p]) for p in parts)

train_loader = DataLoader(train_ds, batch_size=256, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=1024)
test_loader = DataLoader(test_ds, batch_size=1024)

mean_rating = train_ds.ratings.mean().item()
model = BiasedMF(mean_rating)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
LAMBDA, PATIENCE = 0.04, 3

best, best_state, bad = float("inf"), None, 0
for epoch in range(1, 26):
    model.train()
    total = 0.0
    for u, i, r in train_loader:
        mse = (model(u, i) - r).pow(2).mean()
        loss = mse + LAMBDA * model.l2(u, i)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += mse.item() * len(r)
    val = rmse(model, val_loader)
    print(f"에폭 {epoch:2d}  학습 RMSE {math.sqrt(total / len(train_ds)):.4f}  검증 RMSE {val:.4f}")
    if val < best - 1e-4:
        best, best_state, bad = val, copy.deepcopy(model.state_dict()), 0
    else:
        bad += 1
        if bad >= PATIENCE:
            break

model.load_state_dict(best_state)
baseline = math.sqrt((test_ds.ratings - mean_rating).pow(2).mean().item())
print(f"테스트 RMSE {rmse(model, test_loader):.4f} (평균만 예측할 때 {baseline:.4f})")
