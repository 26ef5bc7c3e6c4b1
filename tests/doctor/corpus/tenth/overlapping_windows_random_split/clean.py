import numpy as np
import torch
from torch import nn
from torch.utils import data

WINDOW = 24


class WindowDataset(data.Dataset):
    def __init__(self, series):
        self.series = torch.tensor(series, dtype=torch.float32)

    def __len__(self):
        return len(self.series) - WINDOW

    def __getitem__(self, i):
        return self.series[i:i + WINDOW].unsqueeze(-1), self.series[i + WINDOW]


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.out(h[-1]).squeeze(-1)


np.random.seed(9)
torch.manual_seed(9)
t = np.arange(600)
series = np.sin(t / 6.0) + 0.5 * np.sin(t / 25.0) + 0.25 * np.cumsum(np.random.randn(600)) * 0.3

dataset = WindowDataset(series)
n_train = int(0.8 * len(dataset))
train_ds = data.Subset(dataset, range(n_train - WINDOW))
val_ds = data.Subset(dataset, range(n_train, len(dataset)))
train_loader = data.DataLoader(train_ds, batch_size=32, shuffle=True)
val_loader = data.DataLoader(val_ds, batch_size=64)

model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.MSELoss()
for epoch in range(6):
    model.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        loss_fn(model(xb), yb).backward()
        opt.step()
    model.eval()
    se = 0.0
    with torch.no_grad():
        for xb, yb in val_loader:
            se += ((model(xb) - yb) ** 2).sum().item()
    print(f"epoch {epoch} val mse {se / len(val_ds):.4f}")
