import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Tabular(Dataset):
    def __init__(self, x, y, transform=None):
        self.x, self.y, self.transform = x, y, transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        v = self.x[i]
        if self.transform is not None:
            v = self.transform(v)
        return v, self.y[i]


class Normalize:
    def __init__(self, data):
        self.mean = data.mean(0)
        self.std = data.std(0).clamp_min(1e-6)

    def __call__(self, v):
        return (v - self.mean) / self.std


torch.manual_seed(37)
height = 170 + 10 * torch.randn(500)
weight = 65 + 12 * torch.randn(500)
x = torch.stack([height, weight], 1)
y = (weight / (height / 100) ** 2 > 22.5).long()
norm = Normalize(x[:400])
train_dl = DataLoader(Tabular(x[:400], y[:400], norm), batch_size=40, shuffle=True)
val_dl = DataLoader(Tabular(x[400:], y[400:], norm), batch_size=50)
net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(5):
    net.train()
    for a, b in train_dl:
        opt.zero_grad()
        nn.functional.cross_entropy(net(a), b).backward()
        opt.step()
    net.eval()
    ok = 0
    with torch.no_grad():
        for a, b in val_dl:
            ok += (net(a).argmax(1) == b).sum().item()
    print(epoch, ok / 100)
