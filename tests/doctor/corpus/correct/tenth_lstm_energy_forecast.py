"""One-step-ahead forecast of an hourly load curve with an LSTM."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(7)
torch.manual_seed(7)

LOOKBACK = 24

hours = np.arange(1200)
load = (
    50
    + 12 * np.sin(2 * np.pi * hours / 24)
    + 5 * np.sin(2 * np.pi * hours / 168)
    + rng.normal(0, 1.5, hours.size)
).astype(np.float32)

# chronological split, scaling fitted on the first part
n_train, n_val = 800, 200
train_raw = load[:n_train]
val_raw = load[n_train - LOOKBACK:n_train + n_val]
test_raw = load[n_train + n_val - LOOKBACK:]
mean, std = float(train_raw.mean()), float(train_raw.std())


class WindowDataset(Dataset):
    def __init__(self, series):
        self.series = torch.from_numpy((series - mean) / std)

    def __len__(self):
        return len(self.series) - LOOKBACK

    def __getitem__(self, i):
        x = self.series[i:i + LOOKBACK].unsqueeze(-1)
        y = self.series[i + LOOKBACK]
        return x, y


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        seq, _ = self.lstm(x)
        return self.out(seq[:, -1]).squeeze(-1)


@torch.no_grad()
def mae(model, loader):
    model.eval()
    total, count = 0.0, 0
    for x, y in loader:
        total += (model(x) - y).abs().sum().item()
        count += y.numel()
    return total / count * std


train_loader = DataLoader(WindowDataset(train_raw), batch_size=32, shuffle=True)
val_loader = DataLoader(WindowDataset(val_raw), batch_size=128)
test_loader = DataLoader(WindowDataset(test_raw), batch_size=128)

model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=1)
criterion = nn.MSELoss()

best = float("inf")
for epoch in range(8):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    val_mae = mae(model, val_loader)
    scheduler.step(val_mae)
    if val_mae < best:
        best = val_mae
        torch.save({"model": model.state_dict(), "mean": mean, "std": std, "epoch": epoch}, "best_lstm.pt")
    print(f"epoch {epoch}  val MAE {val_mae:.2f} MW  lr {optimizer.param_groups[0]['lr']:.4f}")

checkpoint = torch.load("best_lstm.pt", weights_only=True)
model.load_state_dict(checkpoint["model"])
naive = np.abs(np.diff(load))[n_train + n_val - 1:].mean()
print(f"best epoch {checkpoint['epoch']}: test MAE {mae(model, test_loader):.2f} MW, persistence forecast {naive:.2f} MW")
