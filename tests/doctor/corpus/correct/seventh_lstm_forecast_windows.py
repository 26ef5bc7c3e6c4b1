# Forecast hourly load 12 steps ahead from 48 past hours. Chronological split, scaler from training part.
import copy

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(5)
torch.manual_seed(5)

hours = np.arange(24 * 70)
load = (50 + 12 * np.sin(2 * np.pi * hours / 24) + 5 * np.sin(2 * np.pi * hours / 168)
        + 0.004 * hours + rng.normal(0, 1.5, len(hours))).astype(np.float32)

LOOKBACK, HORIZON = 48, 12
cut1, cut2 = int(0.7 * len(load)), int(0.85 * len(load))
mean, std = load[:cut1].mean(), load[:cut1].std()


class Windows(Dataset):
    def __init__(self, series):
        self.s = torch.from_numpy((series - mean) / std)

    def __len__(self):
        return len(self.s) - LOOKBACK - HORIZON + 1

    def __getitem__(self, i):
        x = self.s[i:i + LOOKBACK].unsqueeze(-1)
        y = self.s[i + LOOKBACK:i + LOOKBACK + HORIZON]
        return x, y


train_ds = Windows(load[:cut1])
# the first forecast of each later part may look back into the part before it; its targets never do
val_ds = Windows(load[cut1 - LOOKBACK:cut2])
test_ds = Windows(load[cut2 - LOOKBACK:])
train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=256)
test_dl = DataLoader(test_ds, batch_size=256)


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, HORIZON)

    def forward(self, x):
        out, _ = self.lstm(x)
        return x[:, -1] + self.head(out[:, -1])


def mae(model, dl):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in dl:
            total += (model(x) - y).abs().sum().item()
            count += y.numel()
    return total / count * std


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
criterion = nn.HuberLoss()
best, state = float("inf"), None
for epoch in range(7):
    model.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    v = mae(model, val_dl)
    scheduler.step(v)
    print(f"epoch {epoch} val MAE {v:.3f} lr {optimizer.param_groups[0]['lr']:.1e}")
    if v < best:
        best, state = v, copy.deepcopy(model.state_dict())

model.load_state_dict(state)
seasonal = np.mean([np.abs(load[t + np.arange(HORIZON) - 24] - load[t:t + HORIZON]).mean()
                    for t in range(cut2, len(load) - HORIZON + 1)])
print(f"test MAE {mae(model, test_dl):.3f}   same hour yesterday {seasonal:.3f}")
