import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

rng = np.random.default_rng(14)
torch.manual_seed(14)

# Tagesverbrauch: Zufallsbewegung, die kaum vorhersagbar ist
series = np.cumsum(rng.normal(size=700)).astype("float32")
series = (series - series[:500].mean()) / series[:500].std()


class Windows(Dataset):
    def __init__(self, values, length, horizon):
        self.v = torch.from_numpy(values)
        self.length, self.horizon = length, horizon

    def __len__(self):
        return len(self.v) - self.length - self.horizon + 1

    def __getitem__(self, i):
        j = i + self.length
        return self.v[i:j], self.v[j:j + self.horizon]


LENGTH, HORIZON = 16, 20
ds = Windows(series, LENGTH, HORIZON)
n_train = 500 - LENGTH - HORIZON + 1
train_ds, val_ds = torch.utils.data.Subset(ds, range(n_train)), torch.utils.data.Subset(ds, range(500, len(ds)))
train_dl = DataLoader(train_ds, batch_size=32, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=64)

net = nn.Sequential(nn.Linear(LENGTH, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, HORIZON))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
loss_fn = nn.MSELoss()

for epoch in range(25):
    net.train()
    for x, y in train_dl:
        opt.zero_grad()
        loss_fn(net(x), y).backward()
        opt.step()
    net.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in val_dl:
            total += loss_fn(net(x), y).item() * len(x)
    if epoch % 8 == 0:
        print(f"Epoche {epoch}: Validierungsfehler {total / len(val_ds):.4f}")
