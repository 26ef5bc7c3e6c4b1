import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset, random_split


class Signals(Dataset):
    def __init__(self, x, y, transform=None):
        self.x, self.y = x, y
        self.transform = transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = self.x[i]
        if self.transform is not None:
            x = self.transform(x)
        return x, self.y[i]


def random_roll_and_gain(x):
    shift = int(torch.randint(0, x.shape[-1], (1,)))
    return torch.roll(x, shift, -1) * (0.8 + 0.4 * torch.rand(1))


def make_signals(n):
    t = torch.arange(40) / 40
    y = torch.randint(0, 2, (n,))
    f = 2.0 + y.float()
    phase = 2 * torch.pi * torch.rand(n)
    x = torch.sin(2 * torch.pi * f[:, None] * t + phase[:, None]) + 1.2 * torch.randn(n, 40)
    return x, y


torch.manual_seed(29)
x, y = make_signals(500)
full = Signals(x, y)
train_set, val_set = random_split(full, [200, 300])
train_set.dataset.transform = random_roll_and_gain
val_set.dataset.transform = None

train_loader = DataLoader(train_set, batch_size=25, shuffle=True)
val_loader = DataLoader(val_set, batch_size=100)
net = nn.Sequential(nn.Linear(40, 96), nn.ReLU(), nn.Linear(96, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(40):
    net.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(net(xb), yb).backward()
        opt.step()
net.eval()
ok = 0
with torch.no_grad():
    for xb, yb in val_loader:
        ok += (net(xb).argmax(1) == yb).sum().item()
print("val acc", ok / len(val_set))
