import numpy as np, torch, torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

# %% EEG-like toy recordings: (trial, time, electrode)
CH, T = 6, 80
rng = np.random.default_rng(16)
torch.manual_seed(16)

def trials(n):
    t = np.arange(T)
    lab = rng.integers(0, 3, n)
    x = rng.normal(size=(n, T, CH))
    for i, c in enumerate(lab):
        ph = rng.uniform(0, 6.28)
        x[i, :, 2 * c] += 1.0 * np.sin(2 * np.pi * t / 10 + ph)       # 8 cycles on one electrode
        x[i, :, 2 * c + 1] += 1.0 * np.cos(2 * np.pi * t / 10 + ph)
    return x.astype(np.float32), lab

# %% to (trial, electrode, time) for Conv1d
def to_channels_first(x):
    return torch.from_numpy(np.ascontiguousarray(x.reshape(-1, CH, T)))

x_tr, y_tr = trials(320)
x_te, y_te = trials(160)
train = TensorDataset(to_channels_first(x_tr), torch.from_numpy(y_tr))
test = TensorDataset(to_channels_first(x_te), torch.from_numpy(y_te))

# %% model
net = nn.Sequential(
    nn.Conv1d(CH, 16, 11, padding=5), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(4),
    nn.Conv1d(16, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
    nn.Linear(24, 3))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()

# %% train
for ep in range(5):
    net.train()
    for x, y in DataLoader(train, 32, shuffle=True):
        opt.zero_grad()
        ce(net(x), y).backward()
        opt.step()

# %% test
net.eval()
ok = 0
with torch.no_grad():
    for x, y in DataLoader(test, 80):
        ok += (net(x).argmax(1) == y).sum().item()
print("test accuracy", ok / len(test))
