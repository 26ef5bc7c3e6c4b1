import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

N_USERS, N_ITEMS, RANK = 120, 80, 4
rng = np.random.default_rng(7)
torch.manual_seed(7)

U = rng.normal(size=(N_USERS, RANK)) / RANK**0.5
V = rng.normal(size=(N_ITEMS, RANK))
full = 3.5 + 0.5 * rng.normal(size=(N_USERS, 1)) + 0.4 * rng.normal(size=N_ITEMS) + U @ V.T
full += 0.2 * rng.normal(size=full.shape)

cells = rng.choice(N_USERS * N_ITEMS, size=4000, replace=False)
users, items = np.divmod(cells, N_ITEMS)
ratings = full[users, items].astype(np.float32)


def tensors(sl):
    return torch.from_numpy(users[sl]), torch.from_numpy(items[sl]), torch.from_numpy(ratings[sl])


train = DataLoader(TensorDataset(*tensors(slice(0, 3400))), batch_size=100, shuffle=True)
test_u, test_i, test_r = tensors(slice(3400, 4000))


class MF(nn.Module):
    def __init__(self, mean, k=RANK):
        super().__init__()
        self.user = nn.Embedding(N_USERS, k, sparse=True)
        self.item = nn.Embedding(N_ITEMS, k, sparse=True)
        self.user_bias = nn.Embedding(N_USERS, 1, sparse=True)
        self.item_bias = nn.Embedding(N_ITEMS, 1, sparse=True)
        self.register_buffer("mean", torch.tensor(mean))
        for e in (self.user, self.item):
            nn.init.normal_(e.weight, std=0.1)
        for e in (self.user_bias, self.item_bias):
            nn.init.zeros_(e.weight)

    def forward(self, u, i):
        dot = (self.user(u) * self.item(i)).sum(dim=1)
        return self.mean + dot + self.user_bias(u).squeeze(1) + self.item_bias(i).squeeze(1)


model = MF(float(ratings[:3400].mean()))
optimizer = torch.optim.SparseAdam(model.parameters(), lr=1e-2)
loss_fn = nn.MSELoss()


def test_rmse():
    model.eval()
    with torch.no_grad():
        return loss_fn(model(test_u, test_i), test_r).sqrt().item()


print(f"mean predictor rmse {test_rmse():.4f}")
for epoch in range(1, 16):
    model.train()
    for u, i, r in train:
        optimizer.zero_grad()
        loss_fn(model(u, i), r).backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch} test rmse {test_rmse():.4f}")
