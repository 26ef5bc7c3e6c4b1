import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class TabularDataset(Dataset):
    def __init__(self, rows, price):
        self.rows = torch.as_tensor(rows, dtype=torch.float32)
        self.price = torch.as_tensor(price, dtype=torch.float32)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i], self.price[i]


def mse(pred, target):
    return ((pred - target) ** 2).mean()


rng = np.random.default_rng(7)
torch.manual_seed(7)
rows = rng.normal(size=(1000, 7))
price = 2.0 * rows[:, 0] - 1.0 * rows[:, 4] + 0.3 * rng.normal(size=1000)
train_dl = DataLoader(TabularDataset(rows[:800], price[:800]), batch_size=64, shuffle=True)
test_ds = TabularDataset(rows[800:], price[800:])

model = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(10):
    model.train()
    total = 0.0
    for xb, yb in train_dl:
        pred = model(xb).squeeze(1)
        loss = mse(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    if epoch % 3 == 0:
        print(f"epoch {epoch}: train mse {total / 800:.3f}")

model.eval()
with torch.no_grad():
    pred = model(test_ds.rows).squeeze(1)
    mae = (pred - test_ds.price).abs().mean().item()
print("test MAE", round(mae, 3))
