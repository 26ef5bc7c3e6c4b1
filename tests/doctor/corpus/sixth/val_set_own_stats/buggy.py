import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Readings(Dataset):
    def __init__(self, values, alarm, stats=None):
        if stats is None:
            stats = values.mean(axis=0), values.std(axis=0)
        self.stats = stats
        self.values = ((values - stats[0]) / stats[1]).astype(np.float32)
        self.alarm = alarm.astype(np.float32)

    def __len__(self):
        return len(self.alarm)

    def __getitem__(self, i):
        return self.values[i], self.alarm[i]


def simulate(days, rng):
    season = np.linspace(0, 1, days)[:, None]
    temp = 15 + 12 * season + rng.normal(0, 6, (days, 1))
    rest = rng.normal(50, 9, (days, 3))
    values = np.hstack([temp, rest])
    alarm = temp[:, 0] + 0.1 * rest[:, 0] > 26
    return values, alarm


torch.manual_seed(0)
values, alarm = simulate(1500, np.random.default_rng(0))
cut = 1200
train_set = Readings(values[:cut], alarm[:cut])
val_set = Readings(values[cut:], alarm[cut:])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True)
val_loader = DataLoader(val_set, batch_size=100)

model = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(10):
    model.train()
    for v, a in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(v), a)
        loss.backward()
        optimizer.step()

    model.eval()
    right = 0
    with torch.no_grad():
        for v, a in val_loader:
            right += ((model(v) > 0) == a.bool()).sum().item()
    print(f"epoch {epoch}: summer accuracy {right / len(val_set):.3f}")
