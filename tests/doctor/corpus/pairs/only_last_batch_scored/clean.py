import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def score(net, loader):
    net.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in loader:
            hits += (net(xb).argmax(1) == yb).sum().item()
    return hits / len(loader.dataset)


torch.manual_seed(111)
x = torch.randn(620, 7)
y = (x[:, :2].prod(1) > 0).long()
train = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=50, shuffle=True)
val = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=32)
net = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for xb, yb in train:
        opt.zero_grad()
        nn.functional.cross_entropy(net(xb), yb).backward()
        opt.step()
    print(epoch, score(net, val))
