"""Anomaly detection: an autoencoder trained on normal machine data only."""
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, TensorDataset, random_split

rng = np.random.default_rng(9)
torch.manual_seed(9)
N_SENSORS = 12

# --- data: 3 hidden causes drive 12 sensors; anomalies break one of the relations -------------
MIX = rng.normal(0, 1, (3, N_SENSORS))


def normal_data(n):
    return rng.normal(0, 1, (n, 3)) @ MIX + rng.normal(0, 0.2, (n, N_SENSORS))


def anomalous_data(n):
    data = normal_data(n)
    for row in data:
        row[rng.integers(N_SENSORS)] += rng.choice([-1, 1]) * rng.uniform(1.5, 3.0)
    return data


history = torch.tensor(normal_data(1500), dtype=torch.float32)
x_test = torch.tensor(np.concatenate([normal_data(300), anomalous_data(60)]), dtype=torch.float32)
is_anomaly = np.concatenate([np.zeros(300), np.ones(60)])

train_part, val_part = random_split(TensorDataset(history), [1200, 300], generator=torch.Generator().manual_seed(9))
mean = history[train_part.indices].mean(0)
std = history[train_part.indices].std(0)


class AutoEncoder(nn.Module):
    def __init__(self, d=N_SENSORS, code=3):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.encoder = nn.Sequential(nn.Linear(d, 24), nn.Tanh(), nn.Linear(24, code))
        self.decoder = nn.Sequential(nn.Linear(code, 24), nn.Tanh(), nn.Linear(24, d))

    def error(self, x):
        """Mean squared error per sample in standardised units."""
        z = (x - self.mean) / self.std
        return ((self.decoder(self.encoder(z)) - z) ** 2).mean(dim=1)


model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
train_loader = DataLoader(train_part, batch_size=64, shuffle=True)
val_loader = DataLoader(val_part, batch_size=300)


@torch.no_grad()
def errors(loader):
    model.eval()
    return torch.cat([model.error(x) for (x,) in loader])


best, best_state, patience = float("inf"), None, 0
for epoch in range(60):
    model.train()
    for (x,) in train_loader:
        loss = model.error(x).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    val = errors(val_loader).mean().item()
    if (epoch + 1) % 10 == 0:
        print(f"epoch {epoch + 1}: val reconstruction error {val:.4f}")
    if val < best:
        best, best_state, patience = val, copy.deepcopy(model.state_dict()), 0
    else:
        patience += 1
        if patience == 8:
            print(f"early stopping in epoch {epoch + 1}")
            break

model.load_state_dict(best_state)

# --- alarm limit from normal validation data, then the verdict on the test set ----------------
limit = torch.quantile(errors(val_loader), 0.98).item()
test_err = errors(DataLoader(TensorDataset(x_test), batch_size=256)).numpy()
alarm = test_err > limit
print(f"AUC {roc_auc_score(is_anomaly, test_err):.3f}")
print(f"alarm limit {limit:.4f}")
print(f"false alarm rate {alarm[is_anomaly == 0].mean():.3f}")
print(f"detection rate   {alarm[is_anomaly == 1].mean():.3f}")
